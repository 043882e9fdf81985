/** A metric that is a sum over a count, both kept in float64 on the host. */
import type { Outputs } from "../Model/Model.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import type { Metric } from "./Metric.ts"

export interface Fraction {
  readonly sum: number
  readonly count: number
}

/** Makes a metric from what a batch adds to the sum and to the count. **Shapes**: both scalars. With a count of 0 the figure is NaN. */
export const fromSums = (
  name: string,
  measure: (result: Outputs, batch: Tensors) => { readonly sum: Tensor; readonly count: Tensor }
): Metric<Fraction> => ({
  names: [name],
  measure: (result, batch) => {
    const { sum, count } = measure(result, batch)
    return { sum, count }
  },
  empty: { sum: 0, count: 0 },
  update: (state, { sum, count }) => ({ sum: state.sum + sum!.data[0]!, count: state.count + count!.data[0]! }),
  combine: (left, right) => ({ sum: left.sum + right.sum, count: left.count + right.count }),
  finish: ({ sum, count }) => ({ [name]: sum / count })
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
