/** A sum over a count, both kept in float64 on the host: the state of most metrics. */
import type { Outputs } from "../Model/Model.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import type { Metric } from "./Metric.ts"

export interface Fraction {
  readonly sum: number
  readonly count: number
}

export const empty: Fraction = { sum: 0, count: 0 }

/** Adds two fractions part by part. */
export const combine = (left: Fraction, right: Fraction): Fraction => ({
  sum: left.sum + right.sum,
  count: left.count + right.count
})

/** Gives the mean; with a count of 0 there is none: NaN. */
export const mean = ({ sum, count }: Fraction): number => (count === 0 ? Number.NaN : sum / count)

/**
 * Makes a metric from what a batch adds to the sum and to the count. The figure is their quotient, or what `figure` makes of them.
 *
 * **Shapes**: both scalars.
 */
export const fromSums = (
  name: string,
  measure: (result: Outputs, batch: Tensors) => { readonly sum: Tensor; readonly count: Tensor },
  figure: (state: Fraction) => number = mean
): Metric<Fraction> => ({
  names: [name],
  measure: (result, batch) => {
    const { sum, count } = measure(result, batch)
    return { sum, count }
  },
  empty,
  update: (state, { sum, count }) => combine(state, { sum: sum!.data[0]!, count: count!.data[0]! }),
  combine,
  finish: (state) => ({ [name]: figure(state) })
})

/** Makes a metric that is the part of the elements that count and are right. **Shapes**: both bool, of one shape. */
export const make = (
  name: string,
  measure: (result: Outputs, batch: Tensors) => { readonly right: Tensor; readonly counts: Tensor }
): Metric<Fraction> =>
  fromSums(name, (result, batch) => {
    const { right, counts } = measure(result, batch)
    return { sum: tf.sum(tf.cast(tf.logicalAnd(right, counts), "float32")), count: tf.sum(tf.cast(counts, "float32")) }
  })
