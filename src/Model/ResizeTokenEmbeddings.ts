/** How many tokens a model knows. */
import { Result } from "effect"
import { type HostTensor, sizeOf } from "../Tensor/HostTensor.ts"
import * as Key from "../Tensor/Key.ts"
import * as Random from "../Tensor/Random.ts"
import * as Tree from "../Tensor/Tree.ts"
import { InvalidConfig } from "./Config.ts"
import { isLora } from "./Lora.ts"
import { type ConfigError, make, type Transformer } from "./Transformers.ts"

/**
 * Gives a model a vocabulary of another size. Its `init` keeps the rows of the tokens that stay, whether drawn or loaded. New rows begin at the mean of the
 * old ones with a little noise, so that no new token is likelier than all others from the start; a head's rows and biases follow.
 *
 * **Law**: made larger and as small as before again, a model is the same (test/unit/Model/ResizeTokenEmbeddings.test.ts).
 *
 * **Errors**: `InvalidConfig` for a size that is no whole number from 1 on, or without room for the pad token, and for a model with an adapter.
 *
 * **Source**: `resize_token_embeddings` with `mean_resizing`; Hewitt 2021. There the noise has the old rows' covariance, here their variances alone; both are
 * scaled by 1e-9.
 *
 * @example
 * ```ts
 * import { Key } from "regimen/nn"
 * import { ResizeTokenEmbeddings, Transformers } from "regimen/transformers"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 *
 * const config = { model_type: "gpt2", vocab_size: 10, n_embd: 4, n_layer: 1, n_head: 1, n_positions: 8 }
 * const model = Result.getOrThrow(Transformers.make(config, "GPT2LMHeadModel"))
 * const larger = Result.getOrThrow(ResizeTokenEmbeddings.resize(model, 12))
 * assert.deepEqual(larger.init(Key.make(0))["transformer.wte.weight"]!.shape, [12, 4])
 * ```
 */
export const resize = (model: Transformer, size: number): Result.Result<Transformer, ConfigError> => {
  if (isLora(model))
    return Result.fail(
      new InvalidConfig({ field: "vocab_size", reason: "of a model with an adapter is fixed: resize its base, then adapt it" })
    )
  return Result.map(make({ ...model.config, vocab_size: size }, model.architecture), (resized) => ({
    ...resized,
    init: (key) =>
      Tree.map(model.init(key), (tensor, path) => {
        const { shape } = resized.blueprint[path]!
        return shape[0] === tensor.shape[0] ? tensor : rows(tensor, shape, Key.fold(key, `${path}.new`))
      })
  }))
}

const rows = (tensor: HostTensor, shape: ReadonlyArray<number>, key: Key.Key): HostTensor => {
  const width = sizeOf(shape.slice(1))
  const count = tensor.data.length / width
  const data = new Float32Array(sizeOf(shape))
  data.set(tensor.data.subarray(0, data.length))
  if (data.length <= tensor.data.length) return { dtype: "float32", shape, data }
  const noise = Random.normal(key, [data.length - tensor.data.length]).data
  for (let column = 0; column < width; column++) {
    let [sum, squares] = [0, 0]
    for (let row = 0; row < count; row++) sum += tensor.data[row * width + column]!
    const mean = sum / count
    for (let row = 0; row < count; row++) squares += (tensor.data[row * width + column]! - mean) ** 2
    const stddev = Math.sqrt((1e-9 * squares) / Math.max(1, count - 1))
    for (let at = tensor.data.length + column; at < data.length; at += width)
      data[at] = mean + stddev * noise[at - tensor.data.length]!
  }
  return { dtype: "float32", shape, data }
}
