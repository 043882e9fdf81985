/** The part that decoder-only language models share: embeddings, a stack of layers, a final norm, logits, and the loss of the next token. */
import { defined } from "../Defined.ts"
import type * as Init from "../Tensor/Init.ts"
import type { Tensor, Tensors } from "../Tensor/Tensor.ts"
import type { KeyValueCache } from "./Attention.ts"
import type * as Blueprint from "./Blueprint.ts"
import * as Checks from "./Checks.ts"
import * as Dense from "./Dense.ts"
import { type Context, parameter, take } from "./Model.ts"
import * as Objective from "./Objective.ts"
import { type DecoderInput, type DecoderOutput, hiddenOutputs, type Transformer, make as transformer } from "./Transformer.ts"

/** Computes a layer: its number, the states before it and its key-value cache in; the states after it and the new cache out. */
export type Layer = (
  index: number,
  states: Tensor,
  past: KeyValueCache | undefined
) => { readonly states: Tensor; readonly cache: KeyValueCache }

export interface Options
  extends Pick<Transformer, "architecture" | "modelType" | "config" | "base" | "embedding" | "fanInFanOut"> {
  /** All parameters but the head's. */
  readonly blueprint: Blueprint.Blueprint
  readonly vocabulary: number
  readonly width: number
  readonly layers: number
  /** Beyond it there is no position; `Infinity` where positions are computed. **Unit**: tokens. */
  readonly positions: number
  /** Whether the logits come from the embedding's own table (`tie_word_embeddings`); otherwise from `lm_head.weight`. */
  readonly tied: boolean
  /** How the head begins. */
  readonly init: Init.Init
  /** Constants that files may hold beside the parameters. */
  readonly constants: RegExp
  /** Whether it takes `token_type_ids`, which have rows in the embedding of the tokens. */
  readonly tokenTypes?: boolean
  /** Embeds the new tokens, and prepares what all layers need. */
  readonly begin: (
    parameters: Tensors,
    input: DecoderInput,
    context: Context
  ) => { readonly embedded: Tensor; readonly layer: Layer }
  readonly norm: (parameters: Tensors, states: Tensor) => Tensor
}

const head = "lm_head.weight"

/**
 * Makes the model. Its loss counts `items`, as the Trainer does for models that let it.
 *
 * **Shapes**: `input_ids`, `attention_mask`, `position_ids`, `token_type_ids`, `labels` `[batch, length]`.
 */
export const make = (options: Options): Transformer => {
  const { architecture, modelType, config, base, embedding, fanInFanOut, vocabulary, width, positions, tied, constants } = options
  const decode = decoder(options)
  const types = options.tokenTypes === true ? ["token_type_ids"] : []
  return transformer({
    architecture,
    modelType,
    config,
    base,
    embedding,
    ...defined({ fanInFanOut }),
    ...(Number.isFinite(positions) ? { positions } : {}),
    blueprint: { ...options.blueprint, ...(tied ? {} : { [head]: { shape: [vocabulary, width], init: options.init } }) },
    ignoredTensors: tied ? new RegExp(`^lm_head\\.weight$|${constants.source}`) : constants,
    decode,
    inputs: ["input_ids", "attention_mask", "position_ids", ...types],
    labels: ["labels"],
    predictsNext: true,
    validate: Checks.all([
      Checks.tokens("input_ids", vocabulary),
      Checks.length("input_ids", positions),
      Checks.tokens("position_ids", positions),
      ...types.map((field) => Checks.tokens(field, vocabulary)),
      Checks.classes("labels", vocabulary, true)
    ]),
    apply: (parameters, batch, context) => {
      const ids = take("model", "batch", batch, "input_ids")
      const tokenTypes = options.tokenTypes === true ? batch.token_type_ids : undefined
      const input = { ids, mask: batch.attention_mask, positions: batch.position_ids, tokenTypes }
      const { logits, hidden } = decode(parameters, input, context)
      const outputs = { logits, ...hiddenOutputs(config, hidden) }
      return batch.labels === undefined ? { outputs } : { outputs, loss: Objective.nextToken(logits, batch.labels) }
    }
  })
}

const decoder =
  ({ begin, embedding, layers, norm, tied }: Options) =>
  (parameters: Tensors, input: DecoderInput, context: Context): DecoderOutput => {
    const { embedded, layer } = begin(parameters, input, context)
    const hidden = [embedded]
    const present: Array<KeyValueCache> = []
    for (let index = 0; index < layers; index++) {
      const { states, cache } = layer(index, hidden[index]!, input.past?.[index])
      hidden.push(states)
      present.push(cache)
    }
    const last = norm(parameters, hidden.pop()!)
    const logits = Dense.affine(last, parameter(parameters, tied ? embedding : head))
    return { logits, present, hidden: [...hidden, last] }
  }
