/** A metric is a monoid: it looks at each batch once and keeps a small state, so that evaluating never holds the logits. */
import { Schema } from "effect"
import { dual } from "effect/Function"
import type { Figure } from "../Format/Figure.ts"
import type { Outputs } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"

// Methods, not function fields: they are compared bivariantly, so that a Metric<S> is a Metric<unknown> and a list can hold several.
export interface Metric<S> {
  /** The names of the figures that `finish` gives, known before the run starts. */
  readonly names: ReadonlyArray<string>
  /** Runs on the device inside the evaluation step: reduces what the model gave, and the batch, to what `update` needs. */
  measure(result: Outputs, batch: Tensors): Tensors
  readonly empty: S
  update(state: S, measured: HostTensors): S
  /**
   * Associative, with `empty` as its unit. **Law**: however a set is cut into batches, and in whatever order and grouping their states are
   * combined, the figures are those of the whole set (test/property/Metric.test.ts).
   */
  combine(left: S, right: S): S
  /** Of an empty set each figure is NaN: nothing was measured. */
  finish(state: S): Readonly<Record<string, number>>
  /** Pictures by name, for metrics that have more to show than scalars. */
  figures?(state: S): Readonly<Record<string, Figure>>
}

/** Two metrics give figures of one name. */
export class NameClash extends Schema.TaggedError<NameClash>()("NameClash", { names: Schema.Array(Schema.String) }) {
  override get message() {
    return `Several metrics are called ${this.names.join(", ")}. Give all but one another name with Metric.rename or Metric.prefix.`
  }
}

/**
 * Measures several things in one pass.
 *
 * **Errors**: throws `NameClash` when two of them give a figure of the same name.
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
    empty: metrics.map((metric) => metric.empty),
    measure: (result, batch) =>
      Object.assign({}, ...metrics.map((metric, i) => Tree.prefix(metric.measure(result, batch), `${i}`))),
    update: (states, measured) => metrics.map((metric, i) => metric.update(states[i], Tree.under(measured, `${i}`))),
    combine: (left, right) => metrics.map((metric, i) => metric.combine(left[i], right[i])),
    finish: (states) => Object.assign({}, ...metrics.map((metric, i) => metric.finish(states[i]))),
    figures: (states) => Object.assign({}, ...metrics.map((metric, i) => metric.figures?.(states[i]) ?? {}))
  }
}

/** Gives a metric's figures other names. **Errors**: throws `NameClash` when two of them end with the same name. */
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
    empty: self.empty,
    measure: (result, batch) => self.measure(result, batch),
    update: (state, measured) => self.update(state, measured),
    combine: (left, right) => self.combine(left, right),
    finish: (state) => renamed(self.finish(state)),
    figures: (state) => renamed(self.figures?.(state) ?? {})
  }
})

/**
 * Puts `<prefix>_` before the names of a metric's figures.
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
