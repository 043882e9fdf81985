/** What can be wrong with a generation: what is asked for, and what the model makes of it. */
import { Schema } from "effect"

/** Settings that cannot be followed, or a prompt that cannot be gone on from. */
export class InvalidGeneration extends Schema.TaggedError<InvalidGeneration>()("InvalidGeneration", {
  field: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.field}: ${this.reason}`
  }
}

/** The model gives no numbers for the next token. */
export class NoLogits extends Schema.TaggedError<NoLogits>()("NoLogits", {
  row: Schema.Number,
  /** The token that was to be written, from 1 on. */
  step: Schema.Number
}) {
  override get message() {
    return `The model's logits for token ${this.step} of row ${this.row} are NaN or infinite, so no token can be chosen. Look for a weight that is no number.`
  }
}

/** The settings forbid every token. */
export class NoToken extends Schema.TaggedError<NoToken>()("NoToken", {
  row: Schema.Number,
  /** The token that was to be written, from 1 on. */
  step: Schema.Number
}) {
  override get message() {
    return `No token can be the ${this.step}. of row ${this.row}: the settings forbid them all. Look at suppressTokens, badWordsIds, noRepeatNgramSize and minLength.`
  }
}

export type GenerationError = InvalidGeneration | NoLogits | NoToken
