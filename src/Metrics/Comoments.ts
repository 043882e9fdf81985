/** Means and comoments of pairs of numbers, merged in a numerically stable way: the state of R2 and correlations. */
import type { HostTensors } from "../Tensor/HostTensor.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"

/** The means of `count` pairs (x, y), and the sums of products of their deviations. */
export interface Comoments {
  readonly count: number
  readonly x: number
  readonly y: number
  readonly xx: number
  readonly yy: number
  readonly xy: number
}

export const empty: Comoments = { count: 0, x: 0, y: 0, xx: 0, yy: 0, xy: 0 }

/**
 * Sums a batch on the device, about a number near its mean: float32 sums of squares far from zero would lose the deviations. Those of equal numbers
 * are exactly 0.
 *
 * **Shapes**: `x` and `y` `[pairs]`; gives scalars.
 */
export const measure = (x: Tensor, y: Tensor): Tensors => {
  if (x.size === 0) return Object.fromEntries(sums.map((name) => [name, tf.scalar(0)]))
  const [x0, y0] = [center(x), center(y)]
  const [dx, dy] = [tf.sub(x, x0), tf.sub(y, y0)]
  const [xx, yy, xy] = [tf.sum(tf.square(dx)), tf.sum(tf.square(dy)), tf.sum(tf.mul(dx, dy))]
  return { count: tf.scalar(x.size), x0, y0, dx: tf.sum(dx), dy: tf.sum(dy), xx, yy, xy }
}

/** Reads the sums of `measure`. */
export const fromSums = (measured: HostTensors): Comoments => {
  const [count, x0, y0, dx, dy, xx, yy, xy] = sums.map((name) => measured[name]!.data[0]!)
  if (count === 0) return empty
  return {
    count: count!,
    x: x0! + dx! / count!,
    y: y0! + dy! / count!,
    xx: xx! - dx! ** 2 / count!,
    yy: yy! - dy! ** 2 / count!,
    xy: xy! - (dx! * dy!) / count!
  }
}

/**
 * Merges the comoments of two sets.
 *
 * **Source**: Chan, Golub and LeVeque 1979: the deviations of both, and that of their means times `m n / (m + n)`.
 */
export const combine = (left: Comoments, right: Comoments): Comoments => {
  if (left.count === 0) return right
  if (right.count === 0) return left
  const count = left.count + right.count
  const [dx, dy] = [right.x - left.x, right.y - left.y]
  const weight = (left.count * right.count) / count
  return {
    count,
    x: left.x + (dx * right.count) / count,
    y: left.y + (dy * right.count) / count,
    xx: left.xx + right.xx + dx * dx * weight,
    yy: left.yy + right.yy + dy * dy * weight,
    xy: left.xy + right.xy + dx * dy * weight
  }
}

/** Computes Pearson's correlation, -1 to 1. NaN if one side is constant, as that of a single pair. */
export const correlation = ({ xx, yy, xy }: Comoments): number =>
  xx === 0 || yy === 0 ? Number.NaN : Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)))

const sums = ["count", "x0", "y0", "dx", "dy", "xx", "yy", "xy"]

/** The mean, up to rounding. That of equal numbers is exact. */
const center = (values: Tensor): Tensor => {
  const first = tf.reshape(tf.slice(values, [0], [1]), [])
  return tf.add(first, tf.mean(tf.sub(values, first)))
}
