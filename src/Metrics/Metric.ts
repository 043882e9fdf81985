/** A metric is a monoid: each batch is reduced to a state of a few numbers, so that an evaluation never holds the logits. */
import { Schema } from "effect"
import { dual } from "effect/Function"
import { defined } from "../Defined.ts"
import type { Figure } from "../Format/Figure.ts"
import type { Outputs } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { guard } from "./MetricError.ts"

export { type MetricError, MetricFailed, MetricInputMissing } from "./MetricError.ts"

// Methods, not function fields: they are compared bivariantly, so that a Metric<S> is a Metric<unknown> and a list can hold several.
export interface Metric<S> {
  /** The names of the values that `finish` returns, known before the run starts. */
  readonly names: ReadonlyArray<string>
  /** True for a metric that measures the output `sequences`, the generated ids, in an evaluation that generates. */
  readonly generated?: boolean
  /** Reduces the model's outputs and the batch to the tensors that `update` needs. Runs on the device, within the evaluation step. */
  measure(result: Outputs, batch: Tensors): Tensors
  readonly empty: S
  update(state: S, measured: HostTensors): S
  /**
   * Associative, with `empty` as its unit. **Law**: the values do not depend on the batch size, nor on the order and grouping in which states are
   * combined (test/property/Metric.test.ts).
   */
  combine(left: S, right: S): S
  /** Computes the values. Each is NaN for an empty set. */
  finish(state: S): Readonly<Record<string, number>>
  /** Makes figures by name, for metrics with more than scalars. */
  figures?(state: S): Readonly<Record<string, Figure>>
}

/** Two metrics have a value of the same name. */
export class NameClash extends Schema.TaggedError<NameClash>()("NameClash", { names: Schema.Array(Schema.String) }) {
  override get message() {
    return `Several metrics are named ${this.names.join(", ")}. Rename all but one with Metric.rename or Metric.prefix.`
  }
}

/**
 * Joins metrics into one, which looks at each batch once.
 *
 * **Errors**: throws `NameClash` when two of them have a value of the same name. The code of each is guarded: what it throws is `MetricInputMissing` or
 * `MetricFailed`, with its names.
 *
 * @example
 * ```ts
 * import { Accuracy, Metric, TopK } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Metric.all([Accuracy.make(), TopK.make(5)]).names, ["accuracy", "top_5_accuracy"])
 * ```
 */
export const all = (metrics: ReadonlyArray<Metric<unknown>>): Metric<ReadonlyArray<unknown>> => {
  const names = metrics.flatMap((metric) => metric.names)
  const clashes = new Set(names.filter((name, i) => names.indexOf(name) !== i))
  if (clashes.size > 0) throw new NameClash({ names: [...clashes] })
  return {
    names,
    generated: metrics.some(({ generated }) => generated === true),
    empty: metrics.map((metric) => metric.empty),
    measure: (result, batch) =>
      Object.assign(
        {},
        ...metrics.map((metric, i) =>
          Tree.prefix(
            guard(metric.names, () => metric.measure(result, batch)),
            `${i}`
          )
        )
      ),
    update: (states, measured) =>
      metrics.map((metric, i) => guard(metric.names, () => metric.update(states[i], Tree.under(measured, `${i}`)))),
    combine: (left, right) => metrics.map((metric, i) => guard(metric.names, () => metric.combine(left[i], right[i]))),
    finish: (states) => Object.assign({}, ...metrics.map((metric, i) => guard(metric.names, () => metric.finish(states[i])))),
    figures: (states) =>
      Object.assign({}, ...metrics.map((metric, i) => guard(metric.names, () => metric.figures?.(states[i]) ?? {})))
  }
}

/** Renames a metric's values. **Errors**: throws `NameClash` when two of them get the same name. */
export const rename: {
  (name: (name: string) => string): <S>(self: Metric<S>) => Metric<S>
  <S>(self: Metric<S>, name: (name: string) => string): Metric<S>
} = dual(2, <S>(self: Metric<S>, name: (name: string) => string): Metric<S> => {
  const renamed = <A>(record: Readonly<Record<string, A>>): Record<string, A> =>
    Object.fromEntries(Object.entries(record).map(([old, value]) => [name(old), value]))
  const names = self.names.map(name)
  if (new Set(names).size < names.length) throw new NameClash({ names })
  return {
    names,
    ...defined({ generated: self.generated }),
    empty: self.empty,
    measure: (result, batch) => self.measure(result, batch),
    update: (state, measured) => self.update(state, measured),
    combine: (left, right) => self.combine(left, right),
    finish: (state) => renamed(self.finish(state)),
    figures: (state) => renamed(self.figures?.(state) ?? {})
  }
})

/**
 * Prefixes the names of a metric's values with `<prefix>_`.
 *
 * @example
 * ```ts
 * import { pipe } from "effect"
 * import { Accuracy, Metric } from "regimen/metrics"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(pipe(Accuracy.make(), Metric.prefix("digits")).names, ["digits_accuracy"])
 * ```
 */
export const prefix: {
  (prefix: string): <S>(self: Metric<S>) => Metric<S>
  <S>(self: Metric<S>, prefix: string): Metric<S>
} = dual(2, <S>(self: Metric<S>, prefix: string): Metric<S> => rename(self, (name) => `${prefix}_${name}`))
