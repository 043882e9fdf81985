/** BERT's encoder: embeddings, then layers that attend both ways and normalise after each part. */
import * as Init from "../../Tensor/Init.ts"
import { type Tensor, type Tensors, tf } from "../../Tensor/Tensor.ts"
import * as Attention from "../Attention.ts"
import * as Blueprint from "../Blueprint.ts"
import * as Dense from "../Dense.ts"
import * as Dropout from "../Dropout.ts"
import * as Embedding from "../Embedding.ts"
import * as LayerNorm from "../LayerNorm.ts"
import * as Masks from "../Masks.ts"
import { type Context, parameter, take } from "../Model.ts"
import type { Style } from "./BertConfig.ts"

/** The parameters of embeddings and layers, under the family's name. */
export const blueprint = ({ names, width, embedded, ...style }: Style): Blueprint.Blueprint => {
  const init = Init.normal({ stddev: style.range })
  const { embedding } = Blueprint
  const dense = (outputs = width, inputs = width) => Blueprint.dense(inputs, outputs, init)
  const norm = Blueprint.layerNorm(width)
  return Blueprint.parts({
    [`${style.base}.embeddings`]: Blueprint.parts({
      word_embeddings: embedding(style.vocabulary, embedded, init, style.pad),
      position_embeddings: embedding(style.positions, embedded, init, style.countsTokens ? style.pad : null),
      ...(style.segments > 0 ? { token_type_embeddings: embedding(style.segments, embedded, init) } : {}),
      LayerNorm: Blueprint.layerNorm(embedded)
    }),
    ...(embedded === width ? {} : { [`${style.base}.embeddings_project`]: dense(width, embedded) }),
    [`${style.base}.${names.layers}`]: Blueprint.layers(style.layers, () =>
      Blueprint.parts({
        [names.query]: dense(),
        [names.key]: dense(),
        [names.value]: dense(),
        [names.mixed]: dense(),
        [names.mixedNorm]: norm,
        [names.up]: dense(style.inner),
        [names.down]: dense(width, style.inner),
        [names.norm]: norm
      })
    )
  })
}

/**
 * Reads a batch: the embeddings, then what each layer makes of them.
 *
 * **Shapes**: `input_ids`, `attention_mask`, `token_type_ids` `[batch, length]`; each state `[batch, length, width]`.
 *
 * **Errors**: throws `MissingField`.
 */
export const encode = (style: Style, parameters: Tensors, batch: Tensors, context: Context): ReadonlyArray<Tensor> => {
  const mask = Masks.padding(batch.attention_mask)
  const states = [embed(style, parameters, batch, context)]
  for (let i = 0; i < style.layers; i++) states.push(layer(style, parameters, i, states[i]!, mask, context))
  return states
}

const embed = (style: Style, parameters: Tensors, batch: Tensors, context: Context): Tensor => {
  const at = `${style.base}.embeddings`
  const ids = take("model", "batch", batch, "input_ids")
  const parts = [
    Embedding.apply(parameters, `${at}.word_embeddings`, ids, context, style.pad),
    Embedding.apply(
      parameters,
      `${at}.position_embeddings`,
      batch.position_ids ?? positions(style, ids),
      undefined,
      style.countsTokens ? style.pad : null
    )
  ]
  if (style.segments > 0) {
    const segments = batch.token_type_ids ?? tf.zeros([1, ids.shape[1]!], "int32")
    parts.push(Embedding.apply(parameters, `${at}.token_type_embeddings`, segments))
  }
  const sum = parts.reduce((left, right) => tf.add(left, right))
  const normal = LayerNorm.apply(parameters, `${at}.LayerNorm`, sum, style)
  const dropped = Dropout.apply(context, at, normal, style.dropout)
  return style.embedded === style.width ? dropped : Dense.apply(parameters, `${style.base}.embeddings_project`, dropped)
}

/** **Shapes**: `[batch or 1, length]`. */
const positions = ({ countsTokens, pad }: Style, ids: Tensor): Tensor => {
  if (!countsTokens) return tf.expandDims(tf.range(0, ids.shape[1]!, 1, "int32"), 0)
  // In float32, which holds places exactly: on wasm integers take the way over the cpu.
  const counts = tf.cast(tf.notEqual(ids, tf.scalar(pad ?? 0, "int32")), "float32")
  return tf.cast(tf.add(tf.mul(tf.cumsum(counts, 1), counts), pad ?? 0), "int32")
}

const layer = (style: Style, parameters: Tensors, index: number, x: Tensor, bias: Masks.Mask, context: Context): Tensor => {
  const { heads, names } = style
  const at = `${style.base}.${names.layers}.${index}`
  const dense = (name: string, y: Tensor) => Dense.apply(parameters, `${at}.${name}`, y)
  const added = (name: string, norm: string, y: Tensor, from: Tensor, rate: number) =>
    LayerNorm.apply(
      parameters,
      `${at}.${norm}`,
      tf.add(Dropout.apply(context, `${at}.${name}`, dense(name, y), rate), from),
      style
    )
  const dropout = { context, site: `${at}.attention`, rate: style.attentionDropout }
  const memory = Attention.remember({ key: dense(names.key, x), value: dense(names.value, x) }, { heads })
  const attended = added(
    names.mixed,
    names.mixedNorm,
    Attention.attend(dense(names.query, x), memory, { heads, bias, dropout }),
    x,
    style.mixedDropout
  )
  return added(names.down, names.norm, style.activation(dense(names.up, attended)), attended, style.dropout)
}

/** The words' own table. */
export const wordsOf = (style: Style, parameters: Tensors): Tensor =>
  parameter(parameters, `${style.base}.embeddings.word_embeddings.weight`)
