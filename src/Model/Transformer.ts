/** A model as a Hugging Face checkpoint has it: its config, its parameters by the names in the file, and what it can be asked for. */
import { Schema } from "effect"
import { type Tensor, type Tensors, tf } from "../Tensor/Tensor.ts"
import type { KeyValueCache } from "./Attention.ts"
import * as Blueprint from "./Blueprint.ts"
import { type Config, reader } from "./Config.ts"
import * as FloatingPointOps from "./FloatingPointOps.ts"
import type { Context, Model } from "./Model.ts"

/** An architecture that is not here. */
export class UnknownArchitecture extends Schema.TaggedError<UnknownArchitecture>()("UnknownArchitecture", {
  architecture: Schema.String,
  modelType: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no architecture "${this.architecture}" of model type "${this.modelType}". Known are ${this.known.join(", ")}. Where the files have another head, or none, name the one that is wanted as \`architecture\`: what it has of its own begins anew.`
  }
}

/** What a decoder takes: new tokens, and the key-value cache of the tokens before them. */
export interface DecoderInput {
  /** **Shapes**: `[batch, new tokens]` int32. */
  readonly ids: Tensor
  /** 1 for a token, 0 for padding. **Shapes**: `[batch, past + new tokens]`. */
  readonly mask?: Tensor | undefined
  /** Positions of the new tokens. Default: after the past. **Shapes**: `[batch or 1, new tokens]` int32. */
  readonly positions?: Tensor | undefined
  /** What kind of token each is, in models that embed that. **Shapes**: `[batch, new tokens]` int32. */
  readonly tokenTypes?: Tensor | undefined
  /** The decoder's key-value cache of the tokens before. */
  readonly past?: ReadonlyArray<KeyValueCache> | undefined
  /** What the encoder made of the input, and which of it is no padding, for models that have one. */
  readonly encoded?: { readonly states: Tensor; readonly mask?: Tensor | undefined } | undefined
}

export interface DecoderOutput {
  /** **Shapes**: `[batch, new tokens, vocabulary]`. */
  readonly logits: Tensor
  /** The key-value cache for the next tokens. */
  readonly present: ReadonlyArray<KeyValueCache>
  /** The embeddings, then what each layer made of them. */
  readonly hidden: ReadonlyArray<Tensor>
}

export interface Transformer extends Model {
  readonly config: Config
  /** Where it was loaded from: a folder, or a repository of the hub. */
  readonly nameOrPath?: string
  /** `BertForSequenceClassification`. */
  readonly architecture: string
  /** `bert`. */
  readonly modelType: string
  readonly blueprint: Blueprint.Blueprint
  /** The name in front of the parameters that all heads of the family share; "" where there is none. */
  readonly base: string
  /** Names that files may have beside those of the blueprint: tied weights and constants. */
  readonly ignoredTensors: (path: string) => boolean
  /** The parameter with a row for each token. */
  readonly embedding: string
  /** Beyond them it reads nothing; undefined where they are computed. **Unit**: tokens. */
  readonly positions?: number
  /** How it writes texts, as its `generation_config.json` says. */
  readonly generation?: Config | undefined
  /** Reads the input, in models that have an encoder beside a decoder. **Shapes**: `[batch, length]` to `[batch, length, width]`. */
  readonly encode?: (parameters: Tensors, ids: Tensor, mask: Tensor | undefined, context: Context) => Tensor
  /** Predicts the tokens that follow. **Law**: token by token it gives what it gives at once (test/property/transformers.test.ts). */
  readonly decode?: (parameters: Tensors, input: DecoderInput, context: Context) => DecoderOutput
}

/** What a family makes of a config, for one of its heads. **Errors**: throws `InvalidConfig`, `UnknownActivation`, `UnknownRope`. */
export type Make = (config: Config) => Transformer

/** Puts the parts together that follow from others. */
export const make = (
  parts: Omit<Transformer, "init" | "ignoredTensors" | "config" | "floatingPointOps"> & {
    readonly config: Config
    readonly ignoredTensors?: RegExp
  }
): Transformer => {
  const config = { ...parts.config, architectures: [parts.architecture], model_type: parts.modelType }
  const { blueprint } = parts
  const pad = reader(config).token("pad_token_id", null)
  return {
    ...(pad === null ? {} : { padTokenId: pad }),
    ...parts,
    config,
    files: { "config.json": `${JSON.stringify(config, null, 2)}\n` },
    ignoredTensors: (path) => parts.ignoredTensors?.test(path) ?? false,
    floatingPointOps: FloatingPointOps.estimate(blueprint, { embedding: (path) => blueprint[path]!.table === true }),
    init: Blueprint.initialize(blueprint)
  }
}

/** Hidden states as outputs, where a config asks for them: `hidden_states.0` and so on. */
export const hiddenOutputs = (config: Config, hidden: ReadonlyArray<Tensor>, name = "hidden_states"): Tensors =>
  config.output_hidden_states === true ? Object.fromEntries(hidden.map((states, i) => [`${name}.${i}`, states])) : {}

/** **Unit**: tokens that were read before. */
export const pastLength = ({ past }: DecoderInput): number => past?.[0]?.key.shape[2] ?? 0

/** Computes the default positions of the new tokens: after the past. **Shapes**: `[1, new tokens]` int32. */
export const defaultPositions = (input: DecoderInput): Tensor => {
  const begin = pastLength(input)
  return tf.expandDims(tf.range(begin, begin + input.ids.shape[1]!, 1, "int32"), 0)
}
