/** A sum and a count in float64 on the host: the state of most metrics. */
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

/** Computes the mean; NaN for a count of 0. */
export const mean = ({ sum, count }: Fraction): number => (count === 0 ? Number.NaN : sum / count)

/**
 * Makes a metric from what a batch adds to the sum and to the count. The value is their quotient, or that of `finish`.
 *
 * **Shapes**: both scalars.
 */
export const fromSums = (
  name: string,
  measure: (result: Outputs, batch: Tensors) => { readonly sum: Tensor; readonly count: Tensor },
  finish: (state: Fraction) => number = mean
): Metric<Fraction> => ({
  names: [name],
  measure: (result, batch) => {
    const { sum, count } = measure(result, batch)
    return { sum, count }
  },
  empty,
  update: (state, { sum, count }) => combine(state, { sum: sum!.data[0]!, count: count!.data[0]! }),
  combine,
  finish: (state) => ({ [name]: finish(state) })
})

/** Makes a metric that is the fraction of counted elements that are correct. **Shapes**: both bool, of one shape. */
export const make = (
  name: string,
  measure: (result: Outputs, batch: Tensors) => { readonly right: Tensor; readonly counts: Tensor }
): Metric<Fraction> =>
  fromSums(name, (result, batch) => {
    const { right, counts } = measure(result, batch)
    return { sum: tf.sum(tf.cast(tf.logicalAnd(right, counts), "float32")), count: tf.sum(tf.cast(counts, "float32")) }
  })
