/** Runs a model on a prompt and on each new token, with its key-value cache: pure functions on tensors. */
import * as Key from "../../Tensor/Key.ts"
import { type Tensor, type Tensors, tf } from "../../Tensor/Tensor.ts"
import type { KeyValueCache } from "../Attention.ts"
import type { Context } from "../Model.ts"
import type { DecoderInput, DecoderOutput, Transformer } from "../Transformer.ts"

/** Flat, so that a device can free it: `logits` of the next token `[rows, vocabulary]`, and the key-value cache by layer. */
export type StepOutput = Tensors

export interface Weights {
  readonly parameters: Tensors
  readonly buffers: Tensors
}

/** A model that can generate. */
export type Generator = Transformer & { readonly decode: NonNullable<Transformer["decode"]> }

const context = (buffers: Tensors): Context => ({ training: false, key: Key.make(0), buffers })

/** Runs the decoder on a prompt, after the encoder on its input if the model has one. **Shapes**: `ids` `[rows, length]`, `mask` likewise. */
export const begin = (
  model: Generator,
  { buffers, parameters }: Weights,
  prompt: { readonly ids: Tensor; readonly mask: Tensor; readonly start?: Tensor; readonly tokenTypes?: Tensor }
): StepOutput => {
  const around = context(buffers)
  if (model.encode === undefined || prompt.start === undefined)
    return last(
      model.decode(
        parameters,
        {
          ids: prompt.ids,
          mask: prompt.mask,
          positions: positions(prompt.mask, prompt.ids.shape[1]!),
          tokenTypes: prompt.tokenTypes
        },
        around
      )
    )
  const encoded = { states: model.encode(parameters, prompt.ids, prompt.mask, around), mask: prompt.mask }
  return last(model.decode(parameters, { ids: prompt.start, encoded }, around))
}

/**
 * Reads one more token of each row. `parents` selects whose cache each row continues (default: each its own). A decoder's cache of its
 * encoder is computed once, and shared by all beams of a text.
 *
 * **Shapes**: `ids` and `tokenTypes` `[rows, 1]`, `mask` of all tokens so far (or of the encoder's input), `parents` `[rows]` int32.
 */
export const next = (
  model: Generator,
  { buffers, parameters }: Weights,
  before: StepOutput,
  {
    ids,
    mask,
    parents,
    tokenTypes
  }: {
    readonly ids: Tensor
    readonly mask: Tensor
    readonly parents?: Tensor | undefined
    readonly tokenTypes?: Tensor | undefined
  }
): StepOutput => {
  const past = pastOf(before).map((cache, i) =>
    parents === undefined || (model.encode !== undefined && i % 2 === 1)
      ? cache
      : { key: tf.gather(cache.key, parents), value: tf.gather(cache.value, parents) }
  )
  const own: Partial<DecoderInput> =
    model.encode === undefined
      ? { mask, positions: tf.slice(positions(mask, mask.shape[1]!), [0, mask.shape[1]! - 1], [-1, 1]), tokenTypes }
      : { encoded: { states: past[0]!.key, mask } } // the encoder's keys and values are in the cache
  return last(model.decode(parameters, { ids, past, ...own }, context(buffers)))
}

/** A token's place is the number of tokens before it that are no padding. */
const positions = (mask: Tensor, length: number): Tensor =>
  tf.cast(tf.slice(tf.maximum(tf.sub(tf.cumsum(mask, 1), 1), 0), [0, 0], [-1, length]), "int32")

const last = ({ logits, present }: DecoderOutput): StepOutput => {
  const [rows, length, vocabulary] = logits.shape as [number, number, number]
  const caches = present.flatMap(({ key, value }, i) => [
    [`past.${i}.key`, key],
    [`past.${i}.value`, value]
  ])
  return {
    logits: tf.reshape(tf.slice(logits, [0, length - 1, 0], [rows, 1, vocabulary]), [rows, vocabulary]),
    ...Object.fromEntries(caches)
  }
}

const pastOf = (read: StepOutput): ReadonlyArray<KeyValueCache> =>
  Array.from({ length: (Object.keys(read).length - 1) / 2 }, (_, i) => ({
    key: read[`past.${i}.key`]!,
    value: read[`past.${i}.value`]!
  }))
