/** What can be wrong with a safetensors file, or with the wish for one. */
import { Schema } from "effect"

/** A file that is not what it says, or not safetensors at all. */
export class InvalidSafetensors extends Schema.TaggedError<InvalidSafetensors>()("InvalidSafetensors", {
  /** The tensor that is at fault, if one is. */
  tensor: Schema.optionalKey(Schema.String),
  reason: Schema.String
}) {
  override get message() {
    const where = this.tensor === undefined ? "" : `tensor ${this.tensor}: `
    return `This is not a valid safetensors file: ${where}${this.reason}. It may be damaged or cut short: fetch or save it again.`
  }
}

/** A number that the other side has no room for. */
export class OutOfRange extends Schema.TaggedError<OutOfRange>()("OutOfRange", {
  tensor: Schema.String,
  value: Schema.String,
  from: Schema.String,
  to: Schema.String
}) {
  override get message() {
    return `Tensor ${this.tensor} holds ${this.value} as ${this.from}, which does not fit into ${this.to}.`
  }
}
