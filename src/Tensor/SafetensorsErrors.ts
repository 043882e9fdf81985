/** Errors of reading and writing safetensors files. */
import { Schema } from "effect"

/** The file is damaged, or is not safetensors. */
export class InvalidSafetensors extends Schema.TaggedError<InvalidSafetensors>()("InvalidSafetensors", {
  /** The invalid tensor, if it is one. */
  tensor: Schema.optionalKey(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    const where = this.tensor === undefined ? "" : `tensor ${this.tensor}: `
    return `Invalid safetensors file: ${where}${this.reason}. It may be damaged or truncated: download or save it again.`
  }
}

/** A number is outside of the range of the other format. */
export class OutOfRange extends Schema.TaggedError<OutOfRange>()("OutOfRange", {
  tensor: Schema.String,
  value: Schema.String,
  from: Schema.String,
  to: Schema.String
}) {
  override get message() {
    return `Tensor ${this.tensor} holds ${this.value} (${this.from}), which is out of range for ${this.to}.`
  }
}
