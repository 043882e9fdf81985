/** What a tokenizer can fail with, each with what to do about it. */
import { Schema } from "effect"

/** A folder without the file that makes a tokenizer. */
export class TokenizerMissing extends Schema.TaggedError<TokenizerMissing>()("TokenizerMissing", { file: Schema.String }) {
  override get message() {
    return `There is no ${this.file}. Name a folder that a fast tokenizer was saved in; slow ones become fast when transformers loads and saves them.`
  }
}

/** A file that is not what its name says. */
export class TokenizerInvalid extends Schema.TaggedError<TokenizerInvalid>()("TokenizerInvalid", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} does not describe a tokenizer: ${this.reason}. It may be damaged or cut short: fetch or save it again.`
  }
}

/** A tokenizer of a kind that cannot be run here. */
export class TokenizerUnsupported extends Schema.TaggedError<TokenizerUnsupported>()("TokenizerUnsupported", {
  reason: Schema.String
}) {
  override get message() {
    return `This tokenizer cannot be run here: ${this.reason}. Models are BPE, WordPiece and Unigram: encode the data elsewhere, and train on the ids.`
  }
}

/** An id that stands for no token. */
export class UnknownId extends Schema.TaggedError<UnknownId>()("UnknownId", {
  id: Schema.Number,
  vocabularySize: Schema.Number
}) {
  override get message() {
    return `No token has the id ${this.id}: ids go from 0 to ${this.vocabularySize - 1}. A pad like -100 must be taken out before text is made of it, as Tokenizer.decodeBatch does.`
  }
}

/** A text that cannot be encoded as asked. */
export class EncodeError extends Schema.TaggedError<EncodeError>()("EncodeError", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** A chat that its template cannot write, or a template that is none. */
export class ChatTemplateError extends Schema.TaggedError<ChatTemplateError>()("ChatTemplateError", { reason: Schema.String }) {
  override get message() {
    return `The chat template does not give a text: ${this.reason}`
  }
}

/** A vocabulary that has no room for the characters of the texts. */
export class VocabularyTooSmall extends Schema.TaggedError<VocabularyTooSmall>()("VocabularyTooSmall", {
  vocabularySize: Schema.Number,
  needed: Schema.Number
}) {
  override get message() {
    return `The characters of these texts and the special tokens are ${this.needed} tokens already: ask for a vocabularySize above that, not ${this.vocabularySize}.`
  }
}
