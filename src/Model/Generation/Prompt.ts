/** What texts begin with, looked at on the host: what cannot be gone on from is refused before anything is read. */
import { Result } from "effect"
import { defined } from "../../Defined.ts"
import type { HostTensor, HostTensors } from "../../Tensor/HostTensor.ts"
import type { Generator } from "./DecodeStep.ts"
import { InvalidGeneration } from "./Errors.ts"
import { endsOf, listed, type Settings, usualLength } from "./GenerationConfig.ts"
import type { Length } from "./LogitsProcessors.ts"

export interface Prompt {
  readonly length: Length
  /** What each text begins with, its padding included. */
  readonly tokens: ReadonlyArray<ReadonlyArray<number>>
  /** How many tokens of a text are padding. */
  readonly padding: ReadonlyArray<number>
  /** What the model reads of each row, without padding. */
  readonly sources: ReadonlyArray<ReadonlyArray<number>>
  /** What the model reads. **Shapes**: `[rows, length]` int32. */
  readonly ids: HostTensor
  readonly mask: HostTensor
  /** What kind of token each is, where the model takes that and the batch has it; new tokens are of the last one's kind. */
  readonly tokenTypes?: HostTensor
}

/** Makes it. **Errors**: `InvalidGeneration`. */
export const make = (model: Generator, batch: HostTensors, settings: Settings): Result.Result<Prompt, InvalidGeneration> => {
  const encodes = model.encode !== undefined
  const { input_ids: given, attention_mask: seen } = batch
  if (given?.shape.length !== 2 || given.shape[0] === 0)
    return refuse("input_ids", "the batch must have it, as [rows, length], and a row at least.")
  if (seen !== undefined && String(seen.shape) !== String(given.shape))
    return refuse("attention_mask", `it is [${seen.shape}], and must be as input_ids: [${given.shape}].`)
  if (seen?.data.some((value) => value !== 0 && value !== 1) === true)
    return refuse("attention_mask", "it must be 1 for tokens and 0 for padding.")

  const read = given.shape[1] === 0 && !encodes ? begun(given.shape[0]!, settings.bosTokenId) : given
  if (read === undefined)
    return refuse(
      "input_ids",
      "the rows are empty, and neither the settings nor the model say with which token a text begins: set bosTokenId."
    )
  const ids = rowsOf(read)
  const mask = read === given && seen !== undefined ? rowsOf(seen) : maskOf(ids, settings)
  const types = model.inputs?.includes("token_type_ids") === true && read === given ? batch.token_type_ids : undefined
  if (types !== undefined && String(types.shape) !== String(given.shape))
    return refuse("token_type_ids", `it is [${types.shape}], and must be as input_ids: [${given.shape}].`)
  const fault = model.validate?.({ input_ids: read, ...defined({ token_type_ids: types }) })
  if (fault !== undefined) return refuse(fault.field, `row ${fault.row} ${fault.reason}.`)
  const empty = encodes ? -1 : mask.findIndex((row) => !row.includes(1))
  if (empty >= 0) return refuse("attention_mask", `row ${empty} is nothing but padding. Leave it out, or begin it with a token.`)
  const right = encodes ? -1 : mask.findIndex((row) => row.lastIndexOf(0) > row.indexOf(1))
  if (right >= 0)
    return refuse(
      "attention_mask",
      `row ${right} is padded on the right, or within. Pad on the left: generation continues after the last token.`
    )

  const start = settings.decoderStartTokenId ?? settings.bosTokenId
  if (encodes && start === null)
    return refuse("decoderStartTokenId", "neither the settings nor the model say with which token a text begins.")
  const tokens = encodes ? ids.map(() => [start!]) : ids
  return Result.map(
    Result.flatMap(known(model, settings), () => lengthOf(model, tokens[0]!.length, settings)),
    (length) => ({
      length,
      tokens,
      padding: mask.map((row) => (encodes ? 0 : row.indexOf(1))),
      sources: ids.map((row, i) => row.filter((_, at) => mask[i]![at] === 1)),
      ids: matrix(ids),
      mask: matrix(mask),
      ...defined({ tokenTypes: types })
    })
  )
}

/** Looks for a token of the settings that the model does not have. */
const known = (model: Generator, settings: Settings): Result.Result<void, InvalidGeneration> => {
  const size = model.blueprint[model.embedding]!.shape[0]!
  const tokens: ReadonlyArray<readonly [field: keyof Settings, ids: ReadonlyArray<number>]> = [
    ["eosTokenId", endsOf(settings)],
    ["padTokenId", listed(settings.padTokenId)],
    ["bosTokenId", listed(settings.bosTokenId)],
    ["decoderStartTokenId", listed(settings.decoderStartTokenId)],
    ["forcedBosTokenId", listed(settings.forcedBosTokenId)],
    ["forcedEosTokenId", listed(settings.forcedEosTokenId)],
    ["suppressTokens", settings.suppressTokens ?? []],
    ["beginSuppressTokens", settings.beginSuppressTokens ?? []],
    ["badWordsIds", (settings.badWordsIds ?? []).flat()]
  ]
  for (const [field, ids] of tokens) {
    const id = ids.find((id) => id >= size)
    if (id !== undefined) return refuse(field, `it names token ${id}, and the model's vocabulary is 0 to ${size - 1}.`)
  }
  return Result.void
}

/** How long the texts may become. **Source**: `_prepare_generated_length`; there a text beyond the positions is an error of the embedding's. */
const lengthOf = (model: Generator, prompt: number, settings: Settings): Result.Result<Length, InvalidGeneration> => {
  const { maxLength, maxNewTokens } = settings
  const { positions } = model
  const trained = positions ?? model.config.max_position_embeddings
  const usual = Math.min(prompt + usualLength, typeof trained === "number" ? trained : Infinity)
  const max = maxNewTokens === null ? (maxLength ?? usual) : prompt + maxNewTokens
  if (max <= prompt)
    return refuse(
      "maxLength",
      `the prompt has ${prompt} tokens and the text may have ${max}. Raise maxLength, set maxNewTokens, or cut the prompt.`
    )
  if (positions !== undefined && max > positions)
    return refuse(
      maxNewTokens === null ? "maxLength" : "maxNewTokens",
      `the text may have ${max} tokens, ${prompt} of them the prompt's, and the model has ${positions} positions. Ask for less.`
    )
  return Result.succeed({ prompt, max })
}

/** What is no pad token, where a batch has no mask; the pad token may be an end as well, and then it says nothing. */
const maskOf = (ids: Prompt["tokens"], { padTokenId, eosTokenId }: Settings): Prompt["tokens"] => {
  const pad = listed(eosTokenId).includes(padTokenId ?? -1) ? null : padTokenId
  return ids.map((row) => row.map((id) => (id === pad ? 0 : 1)))
}

const begun = (rows: number, token: number | null): HostTensor | undefined =>
  token === null ? undefined : matrix(Array.from({ length: rows }, () => [token]))

const rowsOf = ({ data, shape }: HostTensor): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: shape[0]! }, (_, row) => Array.from(data.subarray(row * shape[1]!, (row + 1) * shape[1]!)))

const matrix = (rows: ReadonlyArray<ReadonlyArray<number>>): HostTensor => ({
  dtype: "int32",
  shape: [rows.length, rows[0]!.length],
  data: Int32Array.from(rows.flat())
})

const refuse = (field: string, reason: string) => Result.fail(new InvalidGeneration({ field, reason }))
