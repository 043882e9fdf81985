/** The errors of tokenizers. */
import { Schema } from "effect"

/** A folder without a tokenizer.json. */
export class TokenizerMissing extends Schema.TaggedError<TokenizerMissing>()("TokenizerMissing", { file: Schema.String }) {
  override get message() {
    return `${this.file} does not exist. Give a folder with a saved fast tokenizer; transformers converts slow tokenizers to fast ones when it loads and saves them.`
  }
}

/** A tokenizer file that cannot be parsed. */
export class TokenizerInvalid extends Schema.TaggedError<TokenizerInvalid>()("TokenizerInvalid", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} is not a valid tokenizer file: ${this.reason}. It may be damaged or truncated: download or save it again.`
  }
}

/** A tokenizer with a model or component that is not supported. */
export class TokenizerUnsupported extends Schema.TaggedError<TokenizerUnsupported>()("TokenizerUnsupported", {
  reason: Schema.String
}) {
  override get message() {
    return `This tokenizer is not supported: ${this.reason}. Supported models are BPE, WordPiece and Unigram; encode the data with transformers and train on the ids.`
  }
}

/** An id outside the vocabulary. */
export class UnknownId extends Schema.TaggedError<UnknownId>()("UnknownId", {
  id: Schema.Number,
  vocabularySize: Schema.Number
}) {
  override get message() {
    return `No token has the id ${this.id}: ids go from 0 to ${this.vocabularySize - 1}. Remove label padding such as -100 before decoding, as Tokenizer.decodeBatch does.`
  }
}

/** A text that cannot be encoded with the given options. */
export class EncodeError extends Schema.TaggedError<EncodeError>()("EncodeError", { reason: Schema.String }) {
  override get message() {
    return this.reason
  }
}

/** A chat template that is missing, invalid, or raises an exception. */
export class ChatTemplateError extends Schema.TaggedError<ChatTemplateError>()("ChatTemplateError", { reason: Schema.String }) {
  override get message() {
    return `The chat template cannot be rendered: ${this.reason}`
  }
}

/** A vocabulary size below the number of characters and special tokens. */
export class VocabularyTooSmall extends Schema.TaggedError<VocabularyTooSmall>()("VocabularyTooSmall", {
  vocabularySize: Schema.Number,
  needed: Schema.Number
}) {
  override get message() {
    return `The characters of these texts and the special tokens need ${this.needed} tokens: set vocabularySize to at least that, not ${this.vocabularySize}.`
  }
}
