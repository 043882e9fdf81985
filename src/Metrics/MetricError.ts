/** What can go wrong in a metric, as errors that name it. */
import { Result, Schema } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { MissingField } from "../Model/Model.ts"
import { isOutOfMemory } from "../Tensor/OutOfMemory.ts"

/** A metric reads an output that the model does not give, or a field that the batch does not have. */
export class MetricInputMissing extends Schema.TaggedError<MetricInputMissing>()("MetricInputMissing", {
  metric: Schema.String,
  among: Schema.Literals(["batch", "parameters", "outputs", "buffers"]),
  field: Schema.String,
  /** The names that exist. */
  there: Schema.Array(Schema.String)
}) {
  get reason() {
    return `it needs "${this.field}"`
  }
  override get message() {
    const [what, owner] = this.among === "outputs" ? ["output", "model has"] : ["field", `${this.among} has`]
    const names = this.there.length === 0 ? "none" : this.there.join(", ")
    return `The metric "${this.metric}" needs the ${what} "${this.field}", and the ${owner} ${names}. Give the metric the name of another ${what}.`
  }
}

/** A metric's code threw, or it cannot be computed from the shapes that it is given. */
export class MetricFailed extends Schema.TaggedError<MetricFailed>()("MetricFailed", {
  metric: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The metric "${this.metric}" failed: ${this.reason}`
  }
}

export type MetricError = MetricInputMissing | MetricFailed

/** Calls a metric's code. **Errors**: throws `MetricInputMissing` or `MetricFailed`; an error of an inner metric, and memory that has run out, as they are. */
export const guard = <A>(names: ReadonlyArray<string>, call: () => A): A => {
  try {
    return call()
  } catch (cause) {
    if (isMetricError(cause) || isOutOfMemory(cause)) throw cause
    const metric = names.join(", ")
    if (cause instanceof MissingField) {
      const { among, field, there } = cause
      throw new MetricInputMissing({ metric, among, field, there })
    }
    throw new MetricFailed({ metric, reason: messageOf(cause) })
  }
}

/** Returns what a guarded metric threw as a failure; throws all else. */
export const caught = <A>(run: () => A): Result.Result<A, MetricError> => {
  try {
    return Result.succeed(run())
  } catch (cause) {
    if (isMetricError(cause)) return Result.fail(cause)
    throw cause
  }
}

const isMetricError = (cause: unknown): cause is MetricError =>
  cause instanceof MetricInputMissing || cause instanceof MetricFailed
