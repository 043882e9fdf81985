/** Llama, and Mistral and Qwen2 as configurations of it: a decoder with rotary positions, shared key heads and gated feed-forwards. */
import * as Init from "../Tensor/Init.ts"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import type { Activation } from "./Activation.ts"
import * as Attention from "./Attention.ts"
import * as Blueprint from "./Blueprint.ts"
import * as CausalLm from "./CausalLm.ts"
import { type Config, type ConfigReader, divides, reader } from "./Config.ts"
import * as Dense from "./Dense.ts"
import * as Embedding from "./Embedding.ts"
import * as Masks from "./Masks.ts"
import type { Context } from "./Model.ts"
import * as RmsNorm from "./RmsNorm.ts"
import * as Rotary from "./Rotary.ts"
import { type DecoderInput, defaultPositions, type Make, pastLength, type Transformer } from "./Transformer.ts"

interface Shape {
  readonly vocabulary: number
  readonly width: number
  readonly inner: number
  readonly layers: number
  readonly heads: number
  readonly keyHeads: number
  /** Features of a head. */
  readonly size: number
  readonly epsilon: number
  readonly activation: Activation
  readonly tied: boolean
  /** The token whose embedding is not trained. */
  readonly pad: number | null
  readonly attentionDropout: number
  readonly rotary: Rotary.Options
  readonly bias: { readonly input: boolean; readonly output: boolean; readonly feedForward: boolean }
  /** How far back a layer sees. **Unit**: tokens. */
  readonly window: (layer: number) => number
}

/** What a family does in its own way: defaults of its config, biases, and how far back a layer attends. */
interface Family extends Pick<Shape, "bias" | "window"> {
  readonly modelType: string
  readonly vocabulary: number
  readonly width: number
  readonly inner: number
  readonly positions: number
  readonly keyHeads: number | undefined
}

const llama = (read: ConfigReader): Family => {
  const output = read.flag("attention_bias", false)
  return {
    modelType: "llama",
    vocabulary: 32000,
    width: 4096,
    inner: 11008,
    positions: 2048,
    keyHeads: undefined,
    bias: { input: output, output, feedForward: read.flag("mlp_bias", false) },
    window: () => Infinity
  }
}

const mistral = (read: ConfigReader): Family => {
  // Left out it is 4096, and null is none at all.
  const window = read.config.sliding_window === null ? Infinity : read.size("sliding_window", 4096)
  return {
    modelType: "mistral",
    vocabulary: 32000,
    width: 4096,
    inner: 14336,
    positions: 4096 * 32,
    keyHeads: 8,
    bias: { input: false, output: false, feedForward: false },
    window: () => window
  }
}

const qwen2 = (read: ConfigReader): Family => {
  const slides = read.flag("use_sliding_window", false) && read.config.sliding_window !== null
  const window = slides ? read.size("sliding_window", 4096) : Infinity
  const types = read.config.layer_types
  const whole = read.number("max_window_layers", 28)
  return {
    modelType: "qwen2",
    vocabulary: 151936,
    width: 4096,
    inner: 22016,
    positions: 32768,
    keyHeads: 32,
    bias: { input: true, output: false, feedForward: false },
    window: (layer) => {
      const near = Array.isArray(types) ? types[layer] === "sliding_attention" : layer >= whole
      return near ? window : Infinity
    }
  }
}

const causalLm =
  (architecture: string, familyOf: (read: ConfigReader) => Family): Make =>
  (config) =>
    model(architecture, config, familyOf(reader(config)))

/**
 * The architectures by name.
 *
 * **Source**: Touvron et al. 2023, https://arxiv.org/abs/2302.13971; Jiang et al. 2023, https://arxiv.org/abs/2310.06825; Yang et al. 2024,
 * https://arxiv.org/abs/2407.10671.
 */
export const architectures: Readonly<Record<string, Make>> = {
  LlamaForCausalLM: causalLm("LlamaForCausalLM", llama),
  MistralForCausalLM: causalLm("MistralForCausalLM", mistral),
  Qwen2ForCausalLM: causalLm("Qwen2ForCausalLM", qwen2)
}

const model = (architecture: string, config: Config, family: Family): Transformer => {
  const read = reader(config)
  const [width, heads] = [read.size("hidden_size", family.width), read.size("num_attention_heads", 32)]
  const keyHeads = read.size("num_key_value_heads", family.keyHeads ?? heads)
  if (config.head_dim == null) divides("num_attention_heads", heads, width)
  divides("num_key_value_heads", keyHeads, heads)
  const size = read.size("head_dim", width / heads)
  const rope = (config.rope_parameters ?? {}) as { readonly rope_theta?: number }
  const shape: Shape = {
    ...family,
    vocabulary: read.size("vocab_size", family.vocabulary),
    width,
    heads,
    keyHeads,
    size,
    inner: read.size("intermediate_size", family.inner),
    layers: read.size("num_hidden_layers", 32),
    epsilon: read.number("rms_norm_eps", 1e-6),
    activation: read.activation("hidden_act", "silu"),
    tied: read.flag("tie_word_embeddings", false),
    pad: read.token("pad_token_id", null),
    attentionDropout: read.rate("attention_dropout", 0),
    rotary: {
      size,
      theta: rope.rope_theta ?? read.number("rope_theta", 10000),
      positions: read.size("max_position_embeddings", family.positions),
      scaling: Rotary.scalingOf(config.rope_scaling ?? config.rope_parameters)
    }
  }
  const init = Init.normal({ stddev: read.number("initializer_range", 0.02) })
  return CausalLm.make({
    ...shape,
    architecture,
    modelType: family.modelType,
    config,
    base: "model",
    blueprint: blueprint(shape, init),
    embedding: "model.embed_tokens.weight",
    init,
    constants: /rotary_emb\.inv_freq$/,
    positions: Infinity,
    begin: (parameters, input, context) => begin(shape, parameters, input, context),
    norm: (parameters, states) => RmsNorm.apply(parameters, "model.norm", states, shape)
  })
}

const blueprint = (shape: Shape, init: Init.Init): Blueprint.Blueprint => {
  const { vocabulary, width, inner, heads, keyHeads, size, pad, bias } = shape
  const dense = (inputs: number, outputs: number, has: boolean) => Blueprint.dense(inputs, outputs, init, { bias: has })
  const norm = Blueprint.rmsNorm(width)
  return Blueprint.parts({
    "model.embed_tokens": Blueprint.embedding(vocabulary, width, init, pad),
    "model.layers": Blueprint.layers(shape.layers, () =>
      Blueprint.parts({
        "self_attn.q_proj": dense(width, heads * size, bias.input),
        "self_attn.k_proj": dense(width, keyHeads * size, bias.input),
        "self_attn.v_proj": dense(width, keyHeads * size, bias.input),
        "self_attn.o_proj": dense(heads * size, width, bias.output),
        "mlp.gate_proj": dense(width, inner, bias.feedForward),
        "mlp.up_proj": dense(width, inner, bias.feedForward),
        "mlp.down_proj": dense(inner, width, bias.feedForward),
        input_layernorm: norm,
        post_attention_layernorm: norm
      })
    ),
    "model.norm": norm
  })
}

/** Embeds the tokens, and makes the rotation and the masks that the layers share. */
const begin = (shape: Shape, parameters: Tensors, input: DecoderInput, context: Context) => {
  const { ids, mask, positions = defaultPositions(input) } = input
  const queries = ids.shape[1]!
  const keys = pastLength(input) + queries
  const rotate = Rotary.rotation(shape.rotary, positions, keys)
  const padding = Masks.padding(mask)
  const masks = new Map<number, Masks.Mask>()
  const maskOf = (window: number) => {
    if (!masks.has(window)) masks.set(window, Masks.both(padding, Masks.causal({ queries, keys, window })))
    return masks.get(window)
  }
  const layer: CausalLm.Layer = (index, states, past) =>
    block(shape, parameters, index, states, { bias: maskOf(shape.window(index)), rotate, past }, context)
  return { embedded: Embedding.apply(parameters, "model.embed_tokens", ids, context, shape.pad), layer }
}

const block = (
  shape: Shape,
  parameters: Tensors,
  index: number,
  x: Tensor,
  input: {
    readonly bias: Masks.Mask
    readonly rotate: (x: Tensor) => Tensor
    readonly past: Attention.KeyValueCache | undefined
  },
  context: Context
) => {
  const at = `model.layers.${index}`
  const norm = (name: string, y: Tensor) => RmsNorm.apply(parameters, `${at}.${name}`, y, shape)
  const dense = (name: string, y: Tensor) => Dense.apply(parameters, `${at}.${name}`, y)
  const normal = norm("input_layernorm", x)
  const next = { key: dense("self_attn.k_proj", normal), value: dense("self_attn.v_proj", normal) }
  const cache = Attention.append(next, { heads: shape.keyHeads, past: input.past, rotate: input.rotate })
  const attended = Attention.attend(dense("self_attn.q_proj", normal), cache, {
    heads: shape.heads,
    bias: input.bias,
    rotate: input.rotate,
    dropout: { context, site: `${at}.self_attn`, rate: shape.attentionDropout }
  })
  const between = tf.add(x, dense("self_attn.o_proj", attended))
  const inner = norm("post_attention_layernorm", between)
  const gated = tf.mul(shape.activation(dense("mlp.gate_proj", inner)), dense("mlp.up_proj", inner))
  return { states: tf.add(between, dense("mlp.down_proj", gated)), cache }
}
