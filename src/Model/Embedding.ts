/** An embedding: a row of a table for each integer. */
import * as Init from "../Tensor/Init.ts"
import * as Key from "../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import { type Context, parameter } from "./Model.ts"
import type { Initializer } from "./Parameters.ts"

export interface Options {
  /** Rows of the table. */
  readonly size: number
  readonly dimensions: number
  /** Initializes the table. Default: normal with standard deviation 1, as in PyTorch. */
  readonly weight?: Init.Init
}

/** Makes `weight`. **Shapes**: `[size, dimensions]`. */
export const init =
  ({ size, dimensions, weight = Init.normal() }: Options): Initializer =>
  (key) => ({ weight: weight(Key.fold(key, "weight"), [size, dimensions]) })

/**
 * Looks integers up in the table at `path`. Integers must be below the table's size. The embedding of a model's input takes the `context`, so that noise
 * can be added to it (`Neftune`); others do not. Where `pad` is given, looking that integer up teaches its row nothing, as with PyTorch's `padding_idx`.
 *
 * **Shapes**: `[...]` int32 to `[..., dimensions]`.
 *
 * **Errors**: throws `MissingField`.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Embedding } from "regimen/nn"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const y = Embedding.apply({ "words.weight": tf.tensor2d([[1, 2], [3, 4]]) }, "words", tf.tensor1d([1, 0, 1], "int32"))
 * assert.deepEqual(y.arraySync(), [[3, 4], [1, 2], [3, 4]])
 * ```
 */
export const apply = (parameters: Tensors, path: string, ids: Tensor, context?: Context, pad: number | null = null): Tensor => {
  const rows = tf.gather(parameter(parameters, `${path}.weight`), tf.cast(ids, "int32"))
  const embedded = pad === null ? rows : held(rows, tf.cast(tf.notEqual(ids, tf.scalar(pad, "int32")), "float32"))
  return context?.perturb?.(embedded) ?? embedded
}

/** Its input, whose gradient goes on only where `moves` is 1. **Shapes**: `[..., dimensions]` and `[...]`. */
const held = (rows: Tensor, moves: Tensor): Tensor =>
  tf.customGrad((x, save) => {
    ;(save as (tensors: ReadonlyArray<Tensor>) => void)([tf.expandDims(moves, -1)])
    return { value: tf.clone(x as Tensor), gradFunc: (dy: Tensor, [kept]: Array<Tensor>) => tf.mul(dy, kept!) }
  })(rows)
