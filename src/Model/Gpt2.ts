/** GPT-2: a decoder with learned positions that normalises before each part. Its weights are stored as `[inputs, outputs]`. */
import * as Init from "../Tensor/Init.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import type { Activation } from "./Activation.ts"
import * as Attention from "./Attention.ts"
import * as Blueprint from "./Blueprint.ts"
import * as CausalLm from "./CausalLm.ts"
import { divides, reader } from "./Config.ts"
import * as Dense from "./Dense.ts"
import * as Dropout from "./Dropout.ts"
import * as Embedding from "./Embedding.ts"
import * as LayerNorm from "./LayerNorm.ts"
import * as Masks from "./Masks.ts"
import type { Context } from "./Model.ts"
import { type DecoderInput, defaultPositions, type Make, pastLength } from "./Transformer.ts"

interface Shape {
  readonly vocabulary: number
  readonly width: number
  readonly heads: number
  readonly layers: number
  readonly inner: number
  readonly positions: number
  readonly epsilon: number
  readonly activation: Activation
  readonly tied: boolean
  readonly dropout: { readonly embeddings: number; readonly attention: number; readonly added: number }
  /** Of the scores of a layer. */
  readonly scale: (layer: number) => number
}

const lm: Make = (config) => {
  const read = reader(config)
  const [width, heads] = [read.size("n_embd", 768), read.size("n_head", 12)]
  divides("n_head", heads, width)
  const scaled = read.flag("scale_attn_weights", true) ? 1 / Math.sqrt(width / heads) : 1
  const byLayer = read.flag("scale_attn_by_inverse_layer_idx", false)
  read.only("add_cross_attention", false)
  const shape: Shape = {
    vocabulary: read.size("vocab_size", 50257),
    width,
    heads,
    layers: read.size("n_layer", 12),
    inner: read.size("n_inner", 4 * width),
    positions: read.size("n_positions", 1024),
    epsilon: read.number("layer_norm_epsilon", 1e-5),
    activation: read.activation("activation_function", "gelu_new"),
    tied: read.flag("tie_word_embeddings", true),
    dropout: {
      embeddings: read.rate("embd_pdrop", 0.1),
      attention: read.rate("attn_pdrop", 0.1),
      added: read.rate("resid_pdrop", 0.1)
    },
    scale: (layer) => (byLayer ? scaled / (layer + 1) : scaled)
  }
  const range = read.number("initializer_range", 0.02)
  return CausalLm.make({
    ...shape,
    architecture: "GPT2LMHeadModel",
    modelType: "gpt2",
    config,
    base: "transformer",
    blueprint: blueprint(shape, range),
    embedding: "transformer.wte.weight",
    fanInFanOut: (path) => path.startsWith("transformer.h."),
    init: Init.normal({ stddev: range }),
    constants: /\.attn\.(bias|masked_bias)$/,
    tokenTypes: true,
    begin: (parameters, input, context) => begin(shape, parameters, input, context),
    norm: (parameters, states) => LayerNorm.apply(parameters, "transformer.ln_f", states, shape)
  })
}

/**
 * The architectures by name.
 *
 * **Source**: Radford et al. 2019, Language Models are Unsupervised Multitask Learners. Equal to transformers' to 1e-5 (test/golden/gpt2.test.ts).
 */
export const architectures: Readonly<Record<string, Make>> = { GPT2LMHeadModel: lm }

const blueprint = ({ vocabulary, width, inner, layers, positions }: Shape, range: number): Blueprint.Blueprint => {
  const init = Init.normal({ stddev: range })
  // What is added to the residual stream begins smaller, the more layers add to it.
  const added = Init.normal({ stddev: range / Math.sqrt(2 * layers) })
  const dense = (inputs: number, outputs: number, weight: Init.Init): Blueprint.Blueprint => ({
    weight: { shape: [inputs, outputs], init: weight },
    bias: { shape: [outputs], init: Init.zeros }
  })
  const norm = Blueprint.layerNorm(width)
  return Blueprint.parts({
    "transformer.wte": Blueprint.embedding(vocabulary, width, init),
    "transformer.wpe": Blueprint.embedding(positions, width, init),
    "transformer.h": Blueprint.layers(layers, () =>
      Blueprint.parts({
        ln_1: norm,
        "attn.c_attn": dense(width, 3 * width, init),
        "attn.c_proj": dense(width, width, added),
        ln_2: norm,
        "mlp.c_fc": dense(width, inner, init),
        "mlp.c_proj": dense(inner, width, added)
      })
    ),
    "transformer.ln_f": norm
  })
}

/** Adds the embeddings of tokens, positions and token types, the last from the tokens' own table, as transformers does. */
const begin = (shape: Shape, parameters: Tensors, input: DecoderInput, context: Context) => {
  const { ids, mask, tokenTypes, positions = defaultPositions(input) } = input
  const words = Embedding.apply(parameters, "transformer.wte", ids, context)
  const placed = tf.add(words, Embedding.apply(parameters, "transformer.wpe", positions))
  const sum = tokenTypes === undefined ? placed : tf.add(placed, Embedding.apply(parameters, "transformer.wte", tokenTypes))
  const queries = ids.shape[1]!
  const bias = Masks.both(Masks.padding(mask), Masks.causal({ queries, keys: pastLength(input) + queries }))
  const layer: CausalLm.Layer = (index, states, past) => block(shape, parameters, index, states, { bias, past, context })
  return { embedded: Dropout.apply(context, "transformer.embeddings", sum, shape.dropout.embeddings), layer }
}

const block = (
  shape: Shape,
  parameters: Tensors,
  index: number,
  x: Tensor,
  {
    bias,
    context,
    past
  }: { readonly bias: Masks.Mask; readonly context: Context; readonly past: Attention.KeyValueCache | undefined }
) => {
  const { heads } = shape
  const at = `transformer.h.${index}`
  const norm = (name: string, y: Tensor) => LayerNorm.apply(parameters, `${at}.${name}`, y, shape)
  const dense = (name: string, y: Tensor) => Dense.apply(parameters, `${at}.${name}`, y, { layout: "tensorflow" })
  const added = (name: string, y: Tensor, to: Tensor) =>
    tf.add(to, Dropout.apply(context, `${at}.${name}`, dense(name, y), shape.dropout.added))
  const [query, key, value] = tf.split(dense("attn.c_attn", norm("ln_1", x)), 3, -1) as [Tensor, Tensor, Tensor]
  const cache = Attention.append({ key, value }, { heads, past })
  const dropout = { context, site: `${at}.attn`, rate: shape.dropout.attention }
  const attended = added("attn.c_proj", Attention.attend(query, cache, { heads, bias, dropout, scale: shape.scale(index) }), x)
  const inner = shape.activation(dense("mlp.c_fc", norm("ln_2", attended)))
  return { states: added("mlp.c_proj", inner, attended), cache }
}
