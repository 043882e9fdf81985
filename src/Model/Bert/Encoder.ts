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
import type { BertConfig } from "./BertConfig.ts"

/** The parameters of embeddings and layers, under the family's name. */
export const blueprint = (config: BertConfig): Blueprint.Blueprint => {
  const { names, hiddenSize: width, embeddingSize: embedded } = config
  const init = Init.normal({ stddev: config.initializerRange })
  const { embedding } = Blueprint
  const dense = (outputs = width, inputs = width) => Blueprint.dense(inputs, outputs, init)
  const norm = Blueprint.layerNorm(width)
  return Blueprint.parts({
    [`${config.baseModelPrefix}.embeddings`]: Blueprint.parts({
      word_embeddings: embedding(config.vocabSize, embedded, init, config.padTokenId),
      position_embeddings: embedding(
        config.maxPositionEmbeddings,
        embedded,
        init,
        config.positionsSkipPadding ? config.padTokenId : null
      ),
      ...(config.typeVocabSize > 0 ? { token_type_embeddings: embedding(config.typeVocabSize, embedded, init) } : {}),
      LayerNorm: Blueprint.layerNorm(embedded)
    }),
    ...(embedded === width ? {} : { [`${config.baseModelPrefix}.embeddings_project`]: dense(width, embedded) }),
    [`${config.baseModelPrefix}.${names.layers}`]: Blueprint.layers(config.numHiddenLayers, () =>
      Blueprint.parts({
        [names.query]: dense(),
        [names.key]: dense(),
        [names.value]: dense(),
        [names.attentionOutput]: dense(),
        [names.attentionNorm]: norm,
        [names.intermediate]: dense(config.intermediateSize),
        [names.output]: dense(width, config.intermediateSize),
        [names.outputNorm]: norm
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
export const encode = (config: BertConfig, parameters: Tensors, batch: Tensors, context: Context): ReadonlyArray<Tensor> => {
  const mask = Masks.padding(batch.attention_mask)
  const states = [embed(config, parameters, batch, context)]
  for (let i = 0; i < config.numHiddenLayers; i++) states.push(layer(config, parameters, i, states[i]!, mask, context))
  return states
}

const embed = (config: BertConfig, parameters: Tensors, batch: Tensors, context: Context): Tensor => {
  const at = `${config.baseModelPrefix}.embeddings`
  const ids = take("model", "batch", batch, "input_ids")
  const parts = [
    Embedding.apply(parameters, `${at}.word_embeddings`, ids, context, config.padTokenId),
    Embedding.apply(
      parameters,
      `${at}.position_embeddings`,
      batch.position_ids ?? positions(config, ids),
      undefined,
      config.positionsSkipPadding ? config.padTokenId : null
    )
  ]
  if (config.typeVocabSize > 0) {
    const segments = batch.token_type_ids ?? tf.zeros([1, ids.shape[1]!], "int32")
    parts.push(Embedding.apply(parameters, `${at}.token_type_embeddings`, segments))
  }
  const sum = parts.reduce((left, right) => tf.add(left, right))
  const normal = LayerNorm.apply(parameters, `${at}.LayerNorm`, sum, { epsilon: config.layerNormEps })
  const dropped = Dropout.apply(context, at, normal, config.hiddenDropoutProb)
  return config.embeddingSize === config.hiddenSize
    ? dropped
    : Dense.apply(parameters, `${config.baseModelPrefix}.embeddings_project`, dropped)
}

/** **Shapes**: `[batch or 1, length]`. */
const positions = ({ positionsSkipPadding, padTokenId: pad }: BertConfig, ids: Tensor): Tensor => {
  if (!positionsSkipPadding) return tf.expandDims(tf.range(0, ids.shape[1]!, 1, "int32"), 0)
  // In float32, which holds places exactly: on wasm integers take the way over the cpu.
  const counts = tf.cast(tf.notEqual(ids, tf.scalar(pad ?? 0, "int32")), "float32")
  return tf.cast(tf.add(tf.mul(tf.cumsum(counts, 1), counts), pad ?? 0), "int32")
}

const layer = (config: BertConfig, parameters: Tensors, index: number, x: Tensor, bias: Masks.Mask, context: Context): Tensor => {
  const { numAttentionHeads: heads, names } = config
  const at = `${config.baseModelPrefix}.${names.layers}.${index}`
  const dense = (name: string, y: Tensor) => Dense.apply(parameters, `${at}.${name}`, y)
  const added = (name: string, norm: string, y: Tensor, from: Tensor, rate: number) =>
    LayerNorm.apply(parameters, `${at}.${norm}`, tf.add(Dropout.apply(context, `${at}.${name}`, dense(name, y), rate), from), {
      epsilon: config.layerNormEps
    })
  const dropout = { context, site: `${at}.attention`, rate: config.attentionProbsDropoutProb }
  const cache = Attention.append({ key: dense(names.key, x), value: dense(names.value, x) }, { heads })
  const attended = added(
    names.attentionOutput,
    names.attentionNorm,
    Attention.attend(dense(names.query, x), cache, { heads, bias, dropout }),
    x,
    config.attentionOutputDropout
  )
  return added(
    names.output,
    names.outputNorm,
    config.hiddenAct(dense(names.intermediate, attended)),
    attended,
    config.hiddenDropoutProb
  )
}

/** The words' own table. */
export const wordsOf = (config: BertConfig, parameters: Tensors): Tensor =>
  parameter(parameters, `${config.baseModelPrefix}.embeddings.word_embeddings.weight`)
