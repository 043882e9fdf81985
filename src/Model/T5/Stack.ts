/** T5's encoder and decoder: one stack of blocks, where a decoder's look at the encoder too. */

import * as Init from "../../Tensor/Init.ts"
import { type Tensor, type Tensors, tf } from "../../Tensor/Tensor.ts"
import type { Activation } from "../Activation.ts"
import * as Attention from "../Attention.ts"
import * as Blueprint from "../Blueprint.ts"
import type { Config } from "../Config.ts"
import { reader } from "../Config.ts"
import * as Dense from "../Dense.ts"
import * as Dropout from "../Dropout.ts"
import * as Masks from "../Masks.ts"
import type { Context } from "../Model.ts"
import * as RelativePosition from "../RelativePosition.ts"
import * as RmsNorm from "../RmsNorm.ts"

export interface Shape {
  readonly vocabulary: number
  readonly width: number
  readonly inner: number
  readonly heads: number
  /** Features of a head. */
  readonly size: number
  readonly layers: { readonly encoder: number; readonly decoder: number }
  readonly buckets: number
  readonly maxDistance: number
  readonly dropout: number
  readonly epsilon: number
  readonly activation: Activation
  /** Whether a second product of the input is multiplied to the activation. */
  readonly gated: boolean
  readonly factor: number
}

/** Reads a config. **Errors**: throws `InvalidConfig`, `UnknownActivation`. */
export const shapeOf = (config: Config): Shape => {
  const read = reader(config)
  const layers = read.size("num_layers", 6)
  const feedForward = read.text("feed_forward_proj", "relu")
  const gated = feedForward.startsWith("gated-")
  // The name that the first checkpoints with gates were given means the tanh form.
  const name = feedForward === "gated-gelu" ? "gelu_new" : gated ? feedForward.slice("gated-".length) : feedForward
  return {
    vocabulary: read.size("vocab_size", 32128),
    width: read.size("d_model", 512),
    inner: read.size("d_ff", 2048),
    heads: read.size("num_heads", 8),
    size: read.size("d_kv", 64),
    layers: { encoder: layers, decoder: read.size("num_decoder_layers", layers) },
    buckets: read.size("relative_attention_num_buckets", 32),
    maxDistance: read.size("relative_attention_max_distance", 128),
    dropout: read.rate("dropout_rate", 0.1),
    epsilon: read.number("layer_norm_epsilon", 1e-6),
    activation: reader({ name }).activation("name", name),
    gated,
    factor: read.number("initializer_factor", 1)
  }
}

export type Side = "encoder" | "decoder"

/** The parameters of a stack, under its name. */
export const blueprint = (shape: Shape, side: Side): Blueprint.Blueprint => {
  const { width, inner, heads, size, factor, gated } = shape
  const normal = (variance: number) => Init.normal({ stddev: factor * variance ** -0.5 })
  const dense = (inputs: number, outputs: number, variance = inputs) =>
    Blueprint.dense(inputs, outputs, normal(variance), { bias: false })
  const attention = (first: boolean) =>
    Blueprint.parts({
      q: dense(width, heads * size, width * size),
      k: dense(width, heads * size),
      v: dense(width, heads * size),
      o: dense(heads * size, width),
      ...(first ? { relative_attention_bias: Blueprint.embedding(shape.buckets, heads, normal(width)) } : {})
    })
  const up = dense(width, inner)
  const feedForward = Blueprint.parts({ ...(gated ? { wi_0: up, wi_1: up } : { wi: up }), wo: dense(inner, width) })
  const layer_norm = Blueprint.rmsNorm(width, factor)
  const part = (name: string, inside: Blueprint.Blueprint) => Blueprint.parts({ [name]: inside, layer_norm })
  return Blueprint.parts({
    [`${side}.block`]: Blueprint.layers(shape.layers[side], (i) =>
      Blueprint.parts({
        "layer.0": part("SelfAttention", attention(i === 0)),
        ...(side === "decoder" ? { "layer.1": part("EncDecAttention", attention(false)) } : {}),
        [`layer.${side === "decoder" ? 2 : 1}`]: part("DenseReluDense", feedForward)
      })
    ),
    [`${side}.final_layer_norm`]: layer_norm
  })
}

export interface Input {
  /** **Shapes**: `[batch, length, width]`. */
  readonly embedded: Tensor
  /** **Shapes**: `[batch, past + length]`. */
  readonly mask?: Tensor | undefined
  /** What a decoder looks at. */
  readonly encoded?: { readonly states: Tensor; readonly mask?: Tensor | undefined } | undefined
  /** Of a decoder: for each block its own past, then the encoder's keys and values. */
  readonly past?: ReadonlyArray<Attention.KeyValueCache> | undefined
}

/** Runs a stack: the embeddings, then what each block makes of them, the last one normalised. */
export const run = (shape: Shape, side: Side, parameters: Tensors, input: Input, context: Context) => {
  const { past = [], encoded } = input
  const { heads, dropout: rate } = shape
  const queries = input.embedded.shape[1]!
  const keys = (past[0]?.key.shape[2] ?? 0) + queries
  const drop = (site: string, x: Tensor) => Dropout.apply(context, site, x, rate)
  const decodes = side === "decoder"
  const distance = RelativePosition.apply(parameters, `${side}.block.0.layer.0.SelfAttention.relative_attention_bias`, {
    queries,
    keys,
    buckets: shape.buckets,
    maxDistance: shape.maxDistance,
    bidirectional: !decodes
  })
  const mask = Masks.both(Masks.padding(input.mask), decodes ? Masks.causal({ queries, keys }) : undefined)
  const own = mask === undefined ? distance : tf.add(distance, mask)
  const across = Masks.padding(encoded?.mask)
  const hidden = [drop(`${side}.embedded`, input.embedded)]
  const present: Array<Attention.KeyValueCache> = []

  for (let i = 0; i < shape.layers[side]; i++) {
    const at = `${side}.block.${i}`
    const norm = (layer: number, x: Tensor) => RmsNorm.apply(parameters, `${at}.layer.${layer}.layer_norm`, x, shape)
    const dense = (path: string, x: Tensor) => Dense.apply(parameters, `${at}.${path}`, x)
    const remember = (path: string, x: Tensor, before?: Attention.KeyValueCache) =>
      Attention.append({ key: dense(`${path}.k`, x), value: dense(`${path}.v`, x) }, { heads, past: before })
    const attended = (path: string, query: Tensor, cache: Attention.KeyValueCache, bias: Masks.Mask) => {
      const dropout = { context, site: `${at}.${path}`, rate }
      return dense(`${path}.o`, Attention.attend(dense(`${path}.q`, query), cache, { heads, bias, dropout, scale: 1 }))
    }
    const added = (site: string, to: Tensor, x: Tensor) => tf.add(to, drop(`${at}.${site}`, x))

    let x = hidden[i]!
    const self = norm(0, x)
    const cache = remember("layer.0.SelfAttention", self, decodes ? past[2 * i] : undefined)
    x = added("layer.0", x, attended("layer.0.SelfAttention", self, cache, own))
    if (decodes) {
      const read = past[2 * i + 1] ?? remember("layer.1.EncDecAttention", encoded!.states)
      x = added("layer.1", x, attended("layer.1.EncDecAttention", norm(1, x), read, across))
      present.push(cache, read)
    }
    const last = decodes ? 2 : 1
    const y = norm(last, x)
    const ff = (name: string, z: Tensor) => dense(`layer.${last}.DenseReluDense.${name}`, z)
    const active = shape.gated ? tf.mul(shape.activation(ff("wi_0", y)), ff("wi_1", y)) : shape.activation(ff("wi", y))
    hidden.push(added(`layer.${last}`, x, ff("wo", drop(`${at}.layer.${last}.inner`, active))))
  }
  const final = RmsNorm.apply(parameters, `${side}.final_layer_norm`, hidden.pop()!, shape)
  return { hidden: [...hidden, drop(`${side}.final`, final)], present }
}
