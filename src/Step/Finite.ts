/** Checks on the device whether an update's figures are finite: nothing is read back. */
import { type Tensor, tf } from "../Tensor/Tensor.ts"

/**
 * Returns whether all scalars are finite: neither NaN nor infinite.
 *
 * **Shapes**: scalars to a boolean scalar.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Finite } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * assert.equal(Finite.all(tf.scalar(1), tf.scalar(-2)).dataSync()[0], 1)
 * assert.equal(Finite.all(tf.scalar(1), tf.scalar(NaN)).dataSync()[0], 0)
 * ```
 */
export const all = (first: Tensor, ...others: ReadonlyArray<Tensor>): Tensor =>
  others.reduce<Tensor>((all, scalar) => tf.logicalAnd(all, below(scalar)), below(first))

const below = (scalar: Tensor): Tensor => tf.less(tf.abs(scalar), Infinity)
