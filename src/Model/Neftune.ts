/** Noise on the embeddings of a model's input while it is trained (NEFTune), as a model around a model. */
import { Schema } from "effect"
import * as HostTensor from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"
import { type Tensor, tf } from "../Tensor/Tensor.ts"
import type { Model } from "./Model.ts"

/** The model embeds nothing that noise could be added to. */
export class NoInputEmbedding extends Schema.TaggedError<NoInputEmbedding>()("NoInputEmbedding", { alpha: Schema.Number }) {
  override get message() {
    return `noise is to be added to the embeddings of the input (neftune_noise_alpha is ${this.alpha}), and the model has none. Give its context to the Embedding.apply of its input, or leave the noise out.`
  }
}

/**
 * Adds noise to what `Embedding.apply` gives, where that has the context: uniform in `±alpha / sqrt(length * width)`, in training only. Nothing of it is kept.
 *
 * **Shapes**: embeddings `[batch, length, width]`.
 *
 * **Law**: equal keys add equal bits; the parameters and the outputs of an evaluation are the model's own (test/golden/neftune.test.ts).
 *
 * **Errors**: the model throws `NoInputEmbedding` in training, and so in the dry run before step 0, when there is nothing to add noise to.
 *
 * **Source**: `neftune_noise_alpha`; Jain et al. 2023, https://arxiv.org/abs/2310.05914.
 *
 * @example
 * ```ts
 * import { Model, tf } from "regimen"
 * import { Embedding, HostTensor, Key } from "regimen/nn"
 * import { Neftune } from "regimen/transformers"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const words = Model.make({
 *   inputs: ["input_ids"],
 *   init: () => ({ "words.weight": HostTensor.zeros([9, 4]) }),
 *   forward: (p, { input_ids }, context) => ({ logits: Embedding.apply(p, "words", input_ids, context) })
 * })
 * const noisy = Neftune.around(words, 5)
 * const parameters = { "words.weight": tf.zeros([9, 4]) }
 * const sizes = (training: boolean) =>
 *   tf.abs(
 *     noisy.apply(parameters, { input_ids: tf.zeros([1, 2], "int32") }, { training, key: Key.make(0), buffers: {} }).outputs.logits!
 *   ).dataSync()
 * assert.ok(sizes(true).every((size) => size > 0 && size <= 5 / Math.sqrt(2 * 4)))
 * assert.ok(sizes(false).every((size) => size === 0))
 * ```
 */
export const around = (model: Model, alpha: number): Model => ({
  ...model,
  apply: (parameters, batch, context) => {
    if (!context.training) return model.apply(parameters, batch, context)
    const root = Key.fold(context.key, "neftune")
    let sites = 0 // an encoder and a decoder may share a table
    const perturb = (embedded: Tensor): Tensor => tf.add(embedded, noise(Key.fold(root, sites++), embedded.shape, alpha))
    const outputs = model.apply(parameters, batch, { ...context, perturb })
    if (sites === 0) throw new NoInputEmbedding({ alpha })
    return outputs
  }
})

const noise = (key: Key.Key, shape: ReadonlyArray<number>, alpha: number): Tensor => {
  const bound = alpha / Math.sqrt(HostTensor.sizeOf(shape.slice(1)))
  const { uniform } = HostTensor.toDevice({ uniform: Random.uniform(key, shape) })
  return tf.sub(tf.mul(uniform!, 2 * bound), bound)
}
