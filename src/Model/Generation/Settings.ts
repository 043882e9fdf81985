/** How a text is generated: GenerationConfig's fields, checked. **Unit**: lengths in tokens, the first one and those of a prompt included. */
import { Result, Schema } from "effect"

export interface Settings {
  readonly maxLength: number
  /** Beyond the prompt; it wins over `maxLength`. */
  readonly maxNewTokens: number | null
  readonly minLength: number
  readonly minNewTokens: number | null
  readonly numBeams: number
  readonly numReturnSequences: number
  /** A beam search ends as soon as there are `numBeams` whole texts (true), when none can become better ("never"), or when that is unlikely (false). */
  readonly earlyStopping: boolean | "never"
  /** The power of the length that scores are divided by. */
  readonly lengthPenalty: number
  readonly doSample: boolean
  readonly temperature: number
  /** Samples from so many of the likeliest tokens; 0 from all. */
  readonly topK: number
  /** Samples from the likeliest tokens that have this share together. */
  readonly topP: number
  readonly repetitionPenalty: number
  readonly noRepeatNgramSize: number
  readonly padTokenId: number | null
  readonly bosTokenId: number | null
  readonly eosTokenId: number | ReadonlyArray<number> | null
  readonly decoderStartTokenId: number | null
}

/** What may be given. */
export type Input = { readonly [K in keyof Settings]?: Settings[K] | undefined }

/** Settings that cannot be followed. */
export class InvalidGeneration extends Schema.TaggedError<InvalidGeneration>()("InvalidGeneration", {
  field: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.field}: ${this.reason}`
  }
}

/** What a GenerationConfig has that says nothing. */
export const defaults: Settings = {
  maxLength: 20,
  maxNewTokens: null,
  minLength: 0,
  minNewTokens: null,
  numBeams: 1,
  numReturnSequences: 1,
  earlyStopping: false,
  lengthPenalty: 1,
  doSample: false,
  temperature: 1,
  topK: 50,
  topP: 1,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  padTokenId: null,
  bosTokenId: null,
  eosTokenId: null,
  decoderStartTokenId: null
}

/** Fields of the file that are about something else than what is generated. */
const silent = new Set(["_from_model_config", "transformers_version", "use_cache", "output_scores", "return_dict_in_generate"])

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
const names = new Map(Object.keys(defaults).map((name) => [snake(name), name as keyof Settings]))

/**
 * Reads a `generation_config.json`. Fields that are at their defaults in transformers, or null, ask for nothing.
 *
 * **Errors**: `InvalidGeneration` for a field that asks for what is not there.
 */
export const fromJson = (json: Readonly<Record<string, unknown>>): Result.Result<Input, InvalidGeneration> => {
  const input: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(json)) {
    const known = names.get(name)
    if (known !== undefined) input[known] = value
    else if (!silent.has(name) && value !== null && value !== false && value !== (idle[name] ?? null))
      return refuse(name, `it is ${JSON.stringify(value)}, and there is no such way to generate here. Take it out.`)
  }
  return Result.map(make(input as Input), () => input as Input)
}

/** Writes settings with the file's names; what is at its default is left out. */
export const toJson = (input: Input): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(input).flatMap(([name, value]) => (value === undefined ? [] : [[snake(name), value]])))

/** What further fields are when they ask for nothing. */
const idle: Readonly<Record<string, unknown>> = {
  num_beam_groups: 1,
  diversity_penalty: 0,
  encoder_repetition_penalty: 1,
  encoder_no_repeat_ngram_size: 0,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  guidance_scale: 1
}

/**
 * Makes settings from what is given: later ones win, undefined is nothing said.
 *
 * **Errors**: `InvalidGeneration`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Generation } from "regimen"
 *
 * const settings = Result.getOrThrow(Generation.settings({ numBeams: 4 }, { maxNewTokens: 10 }))
 * assert.equal(settings.numBeams, 4)
 * assert.throws(() => Result.getOrThrow(Generation.settings({ temperature: 0 })), /greater than 0/)
 * ```
 */
export const make = (...inputs: ReadonlyArray<Input>): Result.Result<Settings, InvalidGeneration> => {
  const given = inputs.map((input) => Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)))
  const settings: Settings = Object.assign({}, defaults, ...given)
  const unknown = Object.keys(settings).find((name) => !(name in defaults))
  if (unknown !== undefined) return refuse(unknown, `there is no such setting. There are: ${Object.keys(defaults).join(", ")}.`)
  for (const [field, holds, must] of rules) if (!holds(settings)) return refuse(field, must)
  return Result.succeed(settings)
}

const whole = (value: unknown, minimum: number) => Number.isSafeInteger(value) && (value as number) >= minimum
const optional = (value: unknown, minimum: number) => value === null || whole(value, minimum)

const rules: ReadonlyArray<readonly [field: string, holds: (settings: Settings) => boolean, must: string]> = [
  ["maxLength", ({ maxLength }) => whole(maxLength, 1), "it must be a whole number from 1 on."],
  ["maxNewTokens", ({ maxNewTokens }) => optional(maxNewTokens, 1), "it must be a whole number from 1 on, or null."],
  ["minLength", ({ minLength }) => whole(minLength, 0), "it must be a whole number from 0 on."],
  ["minNewTokens", ({ minNewTokens }) => optional(minNewTokens, 0), "it must be a whole number from 0 on, or null."],
  ["numBeams", ({ numBeams }) => whole(numBeams, 1), "it must be a whole number from 1 on."],
  [
    "numReturnSequences",
    ({ doSample, numBeams, numReturnSequences }) => whole(numReturnSequences, 1) && (doSample || numReturnSequences <= numBeams),
    "it must be a whole number from 1 on; without sampling there are no more than numBeams."
  ],
  [
    "earlyStopping",
    ({ earlyStopping }) => typeof earlyStopping === "boolean" || earlyStopping === "never",
    'it must be true, false or "never".'
  ],
  ["lengthPenalty", ({ lengthPenalty }) => Number.isFinite(lengthPenalty), "it must be a number."],
  [
    "doSample",
    ({ doSample, numBeams }) => !doSample || numBeams === 1,
    "sampling goes with one beam here: set numBeams to 1, or doSample to false."
  ],
  ["temperature", ({ temperature }) => temperature > 0 && Number.isFinite(temperature), "it must be a number greater than 0."],
  ["topK", ({ topK }) => whole(topK, 0), "it must be a whole number from 0 on."],
  ["topP", ({ topP }) => topP > 0 && topP <= 1, "it must be greater than 0, and at most 1."],
  ["repetitionPenalty", ({ repetitionPenalty }) => repetitionPenalty > 0, "it must be greater than 0."],
  ["noRepeatNgramSize", ({ noRepeatNgramSize }) => whole(noRepeatNgramSize, 0), "it must be a whole number from 0 on."]
]

const refuse = (field: string, reason: string) => Result.fail(new InvalidGeneration({ field, reason }))
