/** A step is a pure function on tensors: one optimizer update from the micro-batches of an accumulation. It runs inside a tidy. */
import type { Model } from "../Model/Model.ts"
import type { Transformation, UpdateInput } from "../Optimizer/Transformation.ts"
import type { Key } from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Weights } from "../Tensor/Weights.ts"
import * as Finite from "./Finite.ts"
import * as Gradient from "./Gradient.ts"
import { perToken, type Reduction } from "./Reduction.ts"

export interface Input {
  readonly weights: Weights
  readonly batches: ReadonlyArray<Tensors>
  /** One per micro-batch, made from (seed, step, micro-batch). */
  readonly keys: ReadonlyArray<Key>
  /** The optimizer's scalars for this update, on the device. */
  readonly scalars: Tensors
}

export interface Output {
  readonly weights: Weights
  /** The update's loss after reduction. Scalar, nats. */
  readonly loss: Tensor
  /** Global L2 norm of the gradients before clipping. Scalar. */
  readonly gradNorm: Tensor
  /** What the losses were summed over in this update. Scalar. */
  readonly count: Tensor
}

export type Step = (input: Input) => Output

export interface Options {
  readonly model: Model
  readonly optimizer: Transformation
  /** How losses are averaged. Default: `perToken`. */
  readonly reduction?: Reduction
  /** Gradients are scaled down to this global L2 norm; 0, the default, leaves them as they are. */
  readonly maxGradNorm?: number
  /** Which parameters are trained. Default: the model's own choice. The others get no gradient, and need no slots. */
  readonly trainable?: (path: string) => boolean
  /** Leaves weights, buffers and slots as they are, bit for bit, when the loss or the gradient norm is NaN or infinite. Default false. */
  readonly skipNonFinite?: boolean
  /** Shown the gradients of an update before they are averaged and clipped, within the step. */
  readonly inspect?: (gradients: Tensors) => void
}

/**
 * Makes a step: forward and backward passes, their sum over micro-batches, clipping, and the optimizer's update. It frees its intermediate values;
 * the caller owns all tensors of the output, and none of them is a tensor of the input, so the old weights can be freed.
 *
 * **Errors**: throws `NoLoss`, `NoGradient`, and what the model throws.
 *
 * @example
 * ```ts
 * import { Model, Optimizer, tf } from "regimen"
 * import { Key, Loss } from "regimen/nn"
 * import { Step } from "regimen/optim"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const model = Model.make({
 *   inputs: ["x"],
 *   labels: ["y"],
 *   init: () => ({ w: { dtype: "float32", shape: [], data: Float32Array.of(1) } }),
 *   forward: ({ w }, { x }) => ({ logits: tf.mul(w!, x) }),
 *   loss: ({ logits }, { y }) => Loss.meanSquaredError(logits, y)
 * })
 * const optimizer = Optimizer.sgd()
 * const step = Step.make({ model, optimizer })
 * const { loss, weights } = step({
 *   weights: { parameters: { w: tf.scalar(1) }, buffers: {}, slots: {} },
 *   batches: [{ x: tf.tensor1d([1, 2]), y: tf.tensor1d([0, 0]) }],
 *   keys: [Key.make(0)],
 *   scalars: { "learning_rate.negativeRate": tf.scalar(-0.1) }
 * })
 * assert.equal(loss.dataSync()[0], 2.5) // (1 + 4) / 2
 * assert.equal(weights.parameters.w!.dataSync()[0], 0.5) // 1 - 0.1 * 5
 * ```
 */
export const make = ({
  optimizer,
  maxGradNorm = 0,
  reduction = perToken,
  skipNonFinite = false,
  inspect,
  ...options
}: Options): Step => {
  const gradient = Gradient.accumulate(Gradient.make({ ...options, reduction }))
  return ({ weights, batches, keys, scalars }) =>
    tf.tidy(() => {
      const total = gradient(weights, batches, keys)
      inspect?.(total.gradients)
      const { factor, loss, gradNorm } = Gradient.scale(total, maxGradNorm)
      const { parameters } = weights
      const { parameters: moved, slots } = move(optimizer, { ...total, factor, parameters, slots: weights.slots, scalars })
      const allFinite = skipNonFinite ? Finite.all(loss, gradNorm) : undefined
      const keepOldIfNonFinite = (updated: Tensors, old: Tensors): Tensors =>
        allFinite === undefined ? updated : Tree.map(updated, (tensor, path) => tf.where(allFinite, tensor, old[path]!))
      const detach = detacher([...Object.values(weights), ...batches, scalars])
      return {
        weights: {
          parameters: detach({ ...parameters, ...keepOldIfNonFinite(moved, parameters) }),
          buffers: detach(keepOldIfNonFinite(total.buffers, weights.buffers)),
          slots: detach({ ...weights.slots, ...keepOldIfNonFinite(slots, weights.slots) })
        },
        loss,
        gradNorm,
        count: total.count
      }
    })
}

/** Computes the new parameters and slots from gradients that are first multiplied by `factor`. */
const move = (
  optimizer: Transformation,
  input: UpdateInput & { readonly factor: Tensor }
): Pick<Weights, "parameters" | "slots"> => {
  const fused = optimizer.fused?.(input)
  if (fused !== undefined) return fused
  const gradients = Tree.map(input.gradients, (gradient) => tf.mul(gradient, input.factor))
  const { updates, slots } = optimizer.update({ ...input, gradients })
  return { parameters: Tree.map(updates, (update, path) => tf.add(input.parameters[path]!, update)), slots }
}

/** Clones (by reference: no data are copied) tensors that belong to the input or are already in the output. */
const detacher = (inputs: ReadonlyArray<Tensors>) => {
  const taken = new Set(inputs.flatMap((tensors) => Object.values(tensors)))
  return (tensors: Tensors): Tensors =>
    Tree.map(tensors, (tensor) => {
      const cloned = taken.has(tensor) ? tf.clone(tensor) : tensor
      taken.add(cloned)
      return cloned
    })
}
