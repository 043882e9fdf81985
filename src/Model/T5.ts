/** T5: an encoder that reads a text and a decoder that writes another, with a bias by distance in the place of positions. */
import * as Init from "../Tensor/Init.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import * as Checks from "./Checks.ts"
import { reader } from "./Config.ts"
import * as Dense from "./Dense.ts"
import * as Embedding from "./Embedding.ts"
import * as Losses from "./Loss.ts"
import { type Context, parameter, take } from "./Model.ts"
import * as Stack from "./T5/Stack.ts"
import { type DecoderInput, type DecoderOutput, hiddenOutputs, type Make, make } from "./Transformer.ts"

const conditionalGeneration: Make = (config) => {
  const read = reader(config)
  const shape = Stack.shapeOf(config)
  const tied = read.flag("tie_word_embeddings", true)
  const pad = read.token("pad_token_id", 0) ?? 0
  const start = read.token("decoder_start_token_id", pad) ?? pad
  const words = { shape: [shape.vocabulary, shape.width], init: Init.normal({ stddev: shape.factor }) }

  const embed = (parameters: Tensors, ids: Tensor, context: Context) => Embedding.apply(parameters, "shared", ids, context)
  const encoder = (parameters: Tensors, ids: Tensor, mask: Tensor | undefined, context: Context) =>
    Stack.run(shape, "encoder", parameters, { embedded: embed(parameters, ids, context), mask }, context).hidden
  const decode = (parameters: Tensors, input: DecoderInput, context: Context): DecoderOutput => {
    const { ids, mask, past, encoded } = input
    if (past === undefined && encoded === undefined) take("decoder", "batch", {}, "encoded")
    const run = Stack.run(
      shape,
      "decoder",
      parameters,
      { embedded: embed(parameters, ids, context), mask, past, encoded },
      context
    )
    const last = run.hidden.at(-1)!
    const logits = tied
      ? Dense.affine(tf.mul(last, shape.width ** -0.5), parameter(parameters, "shared.weight"))
      : Dense.affine(last, parameter(parameters, "lm_head.weight"))
    return { ...run, logits }
  }
  return make({
    architecture: "T5ForConditionalGeneration",
    modelType: "t5",
    config,
    base: "",
    blueprint: {
      "shared.weight": { ...words, table: true },
      ...Stack.blueprint(shape, "encoder"),
      ...Stack.blueprint(shape, "decoder"),
      ...(tied ? {} : { "lm_head.weight": words })
    },
    embedding: "shared.weight",
    padTokenId: pad,
    ignoredTensors: tied ? new RegExp(`${copies}|^lm_head\\.weight$`) : new RegExp(copies),
    inputs: ["input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask"],
    labels: ["labels"],
    validate: Checks.all([
      Checks.tokens("input_ids", shape.vocabulary),
      Checks.tokens("decoder_input_ids", shape.vocabulary),
      Checks.classes("labels", shape.vocabulary, true)
    ]),
    encode: (...input) => encoder(...input).at(-1)!,
    decode,
    apply: (parameters, batch, context) => {
      const { attention_mask, decoder_attention_mask, labels, decoder_input_ids } = batch
      const read = encoder(parameters, take("model", "batch", batch, "input_ids"), attention_mask, context)
      const ids =
        decoder_input_ids ??
        (labels === undefined ? take("model", "batch", batch, "decoder_input_ids") : shiftRight(labels, start, pad))
      const encoded = { states: read.at(-1)!, mask: attention_mask }
      const { logits, hidden } = decode(parameters, { ids, mask: decoder_attention_mask, encoded }, context)
      const outputs = {
        logits,
        ...hiddenOutputs(config, read, "encoder_hidden_states"),
        ...hiddenOutputs(config, hidden, "decoder_hidden_states")
      }
      return labels === undefined ? { outputs } : { outputs, loss: Losses.crossEntropy(logits, labels) }
    }
  })
}

/**
 * The architectures by name.
 *
 * **Source**: Raffel et al. 2020, https://arxiv.org/abs/1910.10683; with gates (T5 1.1, Flan-T5): Shazeer 2020, https://arxiv.org/abs/2002.05202. Equal to
 * transformers' to 1e-5 (test/golden/t5.test.ts).
 */
export const architectures: Readonly<Record<string, Make>> = { T5ForConditionalGeneration: conditionalGeneration }

/** Names of the words' table beside its own, and a table that old files have and nothing reads. */
const copies =
  "^(encoder|decoder)\\.embed_tokens\\.weight$|^decoder\\.block\\.0\\.layer\\.1\\.EncDecAttention\\.relative_attention_bias\\.weight$"

/** What the decoder reads to predict the labels: a start token, then all labels but the last. **Shapes**: `[batch, length]`. */
const shiftRight = (labels: Tensor, start: number, pad: number): Tensor => {
  const [batch, length] = labels.shape as [number, number]
  const before = tf.slice(labels, [0, 0], [batch, length - 1])
  const words = tf.where(tf.equal(before, tf.scalar(-100, "int32")), tf.scalar(pad, "int32"), before)
  return tf.concat([tf.fill([batch, 1], start, "int32"), words], 1)
}
