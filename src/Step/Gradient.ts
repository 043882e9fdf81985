/** The gradient of one update: a sum over micro-batches of forward and backward passes. */
import { orOne } from "../Model/Loss.ts"
import { type Model, NoLoss, trainableOf } from "../Model/Model.ts"
import { coefficient, globalNorm } from "../Optimizer/Clip.ts"
import { valueAndGrads } from "../Tensor/Gradients.ts"
import type { Key } from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { Weights } from "../Tensor/Weights.ts"
import type { Reduction } from "./Reduction.ts"

/**
 * Sums over micro-batches. `loss.sum / loss.count` is the update's loss, and `gradients / loss.count` its gradient; `count` is what the losses
 * were summed over (tokens, rows), whatever the reduction divides by.
 *
 * **Shapes**: gradients as the trained parameters'; the rest scalars.
 */
export type Gradient = {
  readonly gradients: Tensors
  readonly loss: { readonly sum: Tensor; readonly count: Tensor }
  readonly count: Tensor
  readonly buffers: Tensors
}

export interface Options {
  readonly model: Model
  readonly reduction: Reduction
  /** Which parameters are trained. Default: the model's own choice. */
  readonly trainable?: (path: string) => boolean
}

export interface Input {
  readonly parameters: Tensors
  readonly buffers: Tensors
  readonly batch: Tensors
  readonly key: Key
}

/**
 * Makes the forward and backward pass of one micro-batch. Its intermediate values are freed before it returns.
 *
 * **Errors**: throws `NoLoss`, and what `valueAndGrads` and the model throw.
 */
export const make =
  ({ model, reduction, ...options }: Options) =>
  ({ parameters, buffers, batch, key }: Input): Gradient => {
    const trainable = trainableOf(model, options.trainable)
    const trained = Tree.filter(parameters, trainable)
    const frozen = Tree.filter(parameters, (path) => !trainable(path))
    const forward = (moving: Tensors) => {
      const result = model.apply({ ...frozen, ...moving }, batch, { training: true, key, buffers })
      if (result.loss === undefined) throw new NoLoss({ fields: Object.keys(batch) })
      const { sum, count } = reduction.train(result.loss)
      return { loss: sum, aux: { divisor: count, count: result.loss.count, ...Tree.prefix(result.buffers ?? {}, "buffers") } }
    }
    const { loss, aux, gradients } = valueAndGrads<Tensors>(forward, trained)
    return {
      gradients,
      loss: { sum: loss, count: aux.divisor! },
      count: aux.count!,
      buffers: { ...buffers, ...Tree.under(aux, "buffers") }
    }
  }

/** Sums the gradients of an update's micro-batches; each sees the buffers that the one before left. One micro-batch's values are in memory at a time. */
export const accumulate =
  (gradient: (input: Input) => Gradient) =>
  (
    { parameters, buffers }: Pick<Weights, "parameters" | "buffers">,
    batches: ReadonlyArray<Tensors>,
    keys: ReadonlyArray<Key>
  ): Gradient =>
    batches.reduce<Gradient>(
      (total, batch, i) => {
        const next = tf.tidy(() => add(total, gradient({ parameters, buffers: total.buffers, batch, key: keys[i]! })))
        tf.dispose([total.gradients, total.loss.sum, total.loss.count, total.count])
        return next
      },
      { gradients: {}, loss: { sum: tf.scalar(0), count: tf.scalar(0) }, count: tf.scalar(0), buffers }
    )

export interface Scale {
  /** What the sums are multiplied by. Scalar. */
  readonly factor: Tensor
  /** Scalar, nats. */
  readonly loss: Tensor
  /** Global L2 norm of the gradients before clipping. Scalar. */
  readonly gradNorm: Tensor
}

/**
 * Computes the factor that divides the sums once, at the end (an update in which no label counts has a gradient of 0), and scales the gradients down to a
 * global norm of at most `maxNorm` (0: leaves them).
 *
 * **Source**: `max_grad_norm`; PyTorch's `clip_grad_norm_`.
 */
export const scale = ({ gradients, loss }: Gradient, maxNorm: number): Scale => {
  const count = orOne(loss.count)
  const gradNorm = tf.div(globalNorm(gradients), count)
  return {
    factor: maxNorm > 0 ? tf.div(coefficient(gradNorm, maxNorm), count) : tf.reciprocal(count),
    loss: tf.div(loss.sum, count),
    gradNorm
  }
}

const add = (left: Gradient, right: Gradient): Gradient => ({
  gradients: Tree.map(right.gradients, (gradient, path) => {
    const before = left.gradients[path]
    return before === undefined ? gradient : tf.add(before, gradient)
  }),
  loss: { sum: tf.add(left.loss.sum, right.loss.sum), count: tf.add(left.loss.count, right.loss.count) },
  count: tf.add(left.count, right.count),
  buffers: right.buffers
})
