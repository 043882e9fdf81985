/**
 * Computes the Einstein summation of one or two tensors as a matrix product: as fast as matMul, and differentiable by its parts.
 *
 * **Fault**: `tf.einsum` has no gradient, is computed by a loop (on the cpu also for wasm), and fails for some sums.
 * **Upstream**: tensorflow/tfjs#8277 (open) for the gradient; for the speed search tensorflow/tfjs for "einsum slow".
 * **Remove when**: gradients/Einsum.ts goes and `tf.einsum` is no slower on wasm.
 */
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "./Shape.ts"

interface Labelled {
  readonly labels: ReadonlyArray<string>
  readonly tensor: tf.Tensor
}

/**
 * Multiplies tensors along shared labels and sums over the labels that the output lacks. TensorFlow.js's own op has no gradient, is a loop on wasm
 * and fails for
 * some sums; this one is transposes and one batched product. Labels do not repeat within an operand. Runs inside a tidy.
 *
 * **Shapes**: by the equation: `bqd,bkd->bqk`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { Device, tf } from "regimen"
 * import { einsum } from "regimen/nn"
 *
 * const scores = Device.Device.use((device) =>
 *   device.run("scores", () => einsum("bhqd,bhkd->bhqk", tf.ones([2, 4, 5, 8]), tf.ones([2, 4, 7, 8])))
 * )
 * assert.deepEqual((await Effect.runPromise(Effect.provide(scores, Device.cpu))).shape, [2, 4, 5, 7])
 * ```
 */
export const einsum = (equation: string, ...tensors: ReadonlyArray<tf.Tensor>): tf.Tensor => {
  const { inputs, output } = parse(equation)
  const operands = inputs.map((labels, i): Labelled => ({ labels, tensor: tensors[i] as tf.Tensor }))
  if (operands.length !== tensors.length || operands.length > 2)
    throw new Error(`einsum ${equation} wants one or two tensors and got ${tensors.length}`)
  for (const { labels, tensor } of operands) {
    if (new Set(labels).size < labels.length) throw new Error(`einsum ${equation}: a label is repeated within an operand`)
    if (labels.length !== tensor.rank)
      throw new Error(`einsum ${equation}: [${labels}] do not name the axes of [${tensor.shape}]`)
  }
  const needed = (i: number) => [...output, ...(inputs[1 - i] ?? [])]
  const [left, right] = operands.map((operand, i) => summed(operand, needed(i)))
  return ordered(right === undefined ? left! : product(left!, right, output), output)
}

/** Splits `ab,bc->ac` into labels. */
export const parse = (equation: string) => {
  const [left, right] = equation.replaceAll(" ", "").split("->")
  if (left === undefined || right === undefined) throw new Error(`einsum ${equation} has no output: write it as "ab,bc->ac"`)
  return { inputs: left.split(",").map((labels) => [...labels]), output: [...right] }
}

/** Sums over the labels that are of no use any more. */
const summed = ({ labels, tensor }: Labelled, needed: ReadonlyArray<string>): Labelled => {
  const axes = labels.flatMap((label, axis) => (needed.includes(label) ? [] : [axis]))
  return axes.length === 0
    ? { labels, tensor }
    : { labels: labels.filter((label) => needed.includes(label)), tensor: tf.sum(tensor, axes) }
}

const product = (left: Labelled, right: Labelled, output: ReadonlyArray<string>): Labelled => {
  const shared = left.labels.filter((label) => right.labels.includes(label))
  const batch = shared.filter((label) => output.includes(label))
  const contracted = shared.filter((label) => !output.includes(label))
  const rows = left.labels.filter((label) => !shared.includes(label))
  const columns = right.labels.filter((label) => !shared.includes(label))
  const length =
    ({ labels, tensor }: Labelled) =>
    (label: string) =>
      tensor.shape[labels.indexOf(label)]!
  const [batches, inner, m, n] = [
    batch.map(length(left)),
    contracted.map(length(left)),
    rows.map(length(left)),
    columns.map(length(right))
  ]
  const a = tf.reshape(ordered(left, [...batch, ...rows, ...contracted]), [sizeOf(batches), sizeOf(m), sizeOf(inner)])
  const b = tf.reshape(ordered(right, [...batch, ...columns, ...contracted]), [sizeOf(batches), sizeOf(n), sizeOf(inner)])
  return { labels: [...batch, ...rows, ...columns], tensor: tf.reshape(tf.matMul(a, b, false, true), [...batches, ...m, ...n]) }
}

const ordered = ({ labels, tensor }: Labelled, order: ReadonlyArray<string>): tf.Tensor => {
  const permutation = order.map((label) => labels.indexOf(label))
  return permutation.every((axis, i) => axis === i) ? tensor : tf.transpose(tensor, permutation)
}
