/** The errors of text generation. */
import { Schema } from "effect"

/** A setting is invalid, or a prompt cannot be continued. */
export class InvalidGeneration extends Schema.TaggedError<InvalidGeneration>()("InvalidGeneration", {
  field: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.field}: ${this.reason}`
  }
}

/** The model's logits for the next token are NaN or infinite. */
export class NoLogits extends Schema.TaggedError<NoLogits>()("NoLogits", {
  row: Schema.Number,
  /** The number of the generated token, from 1. */
  step: Schema.Number
}) {
  override get message() {
    return `The model's logits for token ${this.step} of row ${this.row} are NaN or infinite, so no token can be chosen. Check the weights for values that are NaN or infinite.`
  }
}

/** The settings exclude every token. */
export class NoToken extends Schema.TaggedError<NoToken>()("NoToken", {
  row: Schema.Number,
  /** The number of the generated token, from 1. */
  step: Schema.Number
}) {
  override get message() {
    return `The settings exclude every token as token ${this.step} of row ${this.row}. Check suppressTokens, badWordsIds, noRepeatNgramSize and minLength.`
  }
}

export type GenerationError = InvalidGeneration | NoLogits | NoToken
