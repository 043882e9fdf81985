/** How a text is generated: GenerationConfig's fields, checked. **Unit**: lengths in tokens, the first one and those of a prompt included. */
import { Result } from "effect"
import { InvalidGeneration } from "./Errors.ts"

export interface Settings {
  /** Null: 20 more than the prompt, and no more than the model has positions. */
  readonly maxLength: number | null
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
  /** Samples from tokens that have this share of the likeliest one's probability. */
  readonly minP: number | null
  /** Samples from the tokens whose surprise is nearest to the expected one, and that have this share together. */
  readonly typicalP: number
  /** Samples from tokens with this probability. */
  readonly epsilonCutoff: number
  /** The same, and less where the model is unsure. */
  readonly etaCutoff: number
  readonly repetitionPenalty: number
  readonly noRepeatNgramSize: number
  /** Above 1, tokens of the input are likelier. */
  readonly encoderRepetitionPenalty: number
  /** No sequence of so many tokens that is in the input. */
  readonly encoderNoRepeatNgramSize: number
  /** Sequences that are not written. */
  readonly badWordsIds: ReadonlyArray<ReadonlyArray<number>> | null
  readonly suppressTokens: ReadonlyArray<number> | null
  /** Tokens that no text begins with. */
  readonly beginSuppressTokens: ReadonlyArray<number> | null
  /** What comes after the decoder's start token. */
  readonly forcedBosTokenId: number | null
  /** What comes last when the longest length is reached. */
  readonly forcedEosTokenId: number | ReadonlyArray<number> | null
  /** After how many new tokens an end becomes likelier, and how fast. */
  readonly exponentialDecayLengthPenalty: readonly [start: number, factor: number] | null
  /** Makes logarithms of probabilities of the scores again, after all changes. */
  readonly renormalizeLogits: boolean
  readonly padTokenId: number | null
  readonly bosTokenId: number | null
  readonly eosTokenId: number | ReadonlyArray<number> | null
  readonly decoderStartTokenId: number | null
}

/** What may be given. */
export type Input = { readonly [K in keyof Settings]?: Settings[K] | undefined }

/** What a GenerationConfig has that says nothing. */
export const defaults: Settings = {
  maxLength: null,
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
  minP: null,
  typicalP: 1,
  epsilonCutoff: 0,
  etaCutoff: 0,
  repetitionPenalty: 1,
  noRepeatNgramSize: 0,
  encoderRepetitionPenalty: 1,
  encoderNoRepeatNgramSize: 0,
  badWordsIds: null,
  suppressTokens: null,
  beginSuppressTokens: null,
  forcedBosTokenId: null,
  forcedEosTokenId: null,
  exponentialDecayLengthPenalty: null,
  renormalizeLogits: false,
  padTokenId: null,
  bosTokenId: null,
  eosTokenId: null,
  decoderStartTokenId: null
}

/** How many tokens are written where nothing is said. */
export const usualLength = 20

/**
 * Makes settings from what is given: later ones win, undefined is nothing said.
 *
 * **Errors**: `InvalidGeneration`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Generation } from "regimen/transformers"
 *
 * const settings = Result.getOrThrow(Generation.settings({ numBeams: 4 }, { maxNewTokens: 10 }))
 * assert.equal(settings.numBeams, 4)
 * assert.throws(() => Result.getOrThrow(Generation.settings({ temperature: 0 })), /greater than 0/)
 * ```
 */
export const make = (...inputs: ReadonlyArray<Input>): Result.Result<Settings, InvalidGeneration> => {
  const settings: Settings = { ...defaults, ...(merge(...inputs) as Partial<Settings>) }
  const unknown = Object.keys(settings).find((name) => !Object.hasOwn(defaults, name))
  if (unknown !== undefined) return refuse(unknown, `there is no such setting. There are: ${Object.keys(defaults).join(", ")}.`)
  for (const [field, holds, must] of rules) if (!holds(settings[field], settings)) return refuse(field, `it must be ${must}.`)
  return Result.succeed(settings)
}

/** Puts together what is given: later ones win, undefined is nothing said. */
export const merge = (...inputs: ReadonlyArray<Input>): Input =>
  Object.assign(
    {},
    ...inputs.map((input) => Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)))
  )

/** Ends of a text. */
export const endsOf = ({ eosTokenId }: Pick<Settings, "eosTokenId">): ReadonlyArray<number> => listed(eosTokenId)

/** One, several or none as a list. */
export const listed = (ids: number | ReadonlyArray<number> | null): ReadonlyArray<number> =>
  ids === null ? [] : typeof ids === "number" ? [ids] : ids

type Rule = readonly [field: keyof Settings, holds: (value: unknown, settings: Settings) => boolean, must: string]

const isWhole = (value: unknown, minimum: number) => Number.isSafeInteger(value) && (value as number) >= minimum
const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)
const isToken = (value: unknown) => isWhole(value, 0)
const areTokens = (value: unknown): value is ReadonlyArray<number> => Array.isArray(value) && value.every(isToken)
const isTokens = (value: unknown) => areTokens(value) && value.length > 0

const whole = (field: keyof Settings, minimum: number): Rule => [
  field,
  (value) => (value === null && defaults[field] === null) || isWhole(value, minimum),
  `a whole number from ${minimum} on${defaults[field] === null ? ", or null" : ""}`
]
const above0 = (field: keyof Settings): Rule => [field, (value) => isNumber(value) && value > 0, "a number greater than 0"]
const share = (field: keyof Settings): Rule => [
  field,
  (value) => isNumber(value) && value > 0 && value <= 1,
  "greater than 0, and at most 1"
]
const cutoff = (field: keyof Settings): Rule => [
  field,
  (value) => isNumber(value) && value >= 0 && value < 1,
  "at least 0, and less than 1"
]
const flag = (field: keyof Settings): Rule => [field, (value) => typeof value === "boolean", "true or false"]
const token = (field: keyof Settings): Rule => [field, (value) => value === null || isToken(value), "a token's id, or null"]
const tokens = (field: keyof Settings): Rule => [
  field,
  (value) => value === null || areTokens(value),
  "a list of tokens' ids, or null"
]
const oneOrMore = (field: keyof Settings): Rule => [
  field,
  (value) => value === null || isToken(value) || isTokens(value),
  "a token's id, a list of some, or null"
]

const rules: ReadonlyArray<Rule> = [
  whole("maxLength", 1),
  whole("maxNewTokens", 1),
  whole("minLength", 0),
  whole("minNewTokens", 0),
  whole("numBeams", 1),
  whole("numReturnSequences", 1),
  flag("doSample"),
  [
    "doSample",
    (_, { doSample, numBeams }) => !doSample || numBeams === 1,
    "false, or numBeams 1: sampling goes with one beam here"
  ],
  [
    "numReturnSequences",
    (_, { doSample, numBeams, numReturnSequences }) => doSample || numReturnSequences <= numBeams,
    "at most numBeams, unless doSample is true"
  ],
  ["earlyStopping", (value) => typeof value === "boolean" || value === "never", 'true, false or "never"'],
  ["lengthPenalty", isNumber, "a number"],
  above0("temperature"),
  whole("topK", 0),
  share("topP"),
  ["minP", (value) => value === null || (isNumber(value) && value >= 0 && value <= 1), "from 0 to 1, or null"],
  share("typicalP"),
  cutoff("epsilonCutoff"),
  cutoff("etaCutoff"),
  above0("repetitionPenalty"),
  whole("noRepeatNgramSize", 0),
  above0("encoderRepetitionPenalty"),
  whole("encoderNoRepeatNgramSize", 0),
  [
    "badWordsIds",
    (value) => value === null || (Array.isArray(value) && value.length > 0 && value.every(isTokens)),
    "a list of lists of tokens' ids, or null"
  ],
  tokens("suppressTokens"),
  tokens("beginSuppressTokens"),
  token("forcedBosTokenId"),
  oneOrMore("forcedEosTokenId"),
  [
    "exponentialDecayLengthPenalty",
    (value) =>
      value === null ||
      (Array.isArray(value) && value.length === 2 && isWhole(value[0], 0) && isNumber(value[1]) && value[1] > 0),
    "a number of tokens and a factor greater than 0, or null"
  ],
  flag("renormalizeLogits"),
  token("padTokenId"),
  token("bosTokenId"),
  oneOrMore("eosTokenId"),
  token("decoderStartTokenId")
]

const refuse = (field: string, reason: string) => Result.fail(new InvalidGeneration({ field, reason }))
