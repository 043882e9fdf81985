/** What tokens may come next: scores of a text, changed as the settings ask. On the host, in float32. `-Infinity` is never. */
import { endsOf, listed, type Settings } from "./GenerationConfig.ts"

/** Scores of each token. **Unit**: nats. */
export type Scores = Float32Array

/** **Unit**: tokens, those of the prompt and its padding included. */
export interface Length {
  readonly prompt: number
  readonly max: number
}

/** A text so far. */
export interface Text {
  /** Without padding. */
  readonly tokens: ReadonlyArray<number>
  /** How long the row is, with its padding. */
  readonly size: number
  readonly length: Length
  /** What the model reads: an encoder's input, or the prompt. */
  readonly source: ReadonlyArray<number>
}

/** Turns logits to logarithms of probabilities. */
export const logSoftmax = (logits: Scores): Scores => {
  let top = Number.NEGATIVE_INFINITY
  for (const logit of logits) top = Math.max(top, logit)
  let sum = 0
  for (const logit of logits) sum += Math.exp(logit - top)
  const shift = top + Math.log(sum)
  return logits.map((logit) => logit - shift)
}

/**
 * Changes scores as transformers' processors do, in their order.
 *
 * **Source**: `_get_logits_processor` of transformers 4.57 (test/golden-own/generation.test.ts). Padding is no part of a text here, so that rows do not depend
 * on each other.
 */
export const process = (given: Scores, text: Text, settings: Settings): Scores => {
  const { size, source, tokens } = text
  const { max, prompt } = text.length
  const { minNewTokens, exponentialDecayLengthPenalty: decay, forcedBosTokenId, forcedEosTokenId } = settings
  const ends = endsOf(settings)
  const scores = given.slice()
  weigh(scores, source, 1 / settings.encoderRepetitionPenalty)
  weigh(scores, tokens, settings.repetitionPenalty)
  forbid(scores, repeats(tokens, tokens, settings.noRepeatNgramSize))
  forbid(scores, repeats(source, tokens, settings.encoderNoRepeatNgramSize))
  forbid(scores, completions(tokens, settings.badWordsIds ?? [], ends))
  if (size < settings.minLength || (minNewTokens !== null && size - prompt < minNewTokens)) forbid(scores, ends)
  if (forcedBosTokenId !== null && size === 1) force(scores, [forcedBosTokenId])
  if (forcedEosTokenId !== null && size === max - 1) force(scores, listed(forcedEosTokenId))
  if (decay !== null) hasten(scores, ends, size - prompt - decay[0], decay[1])
  forbid(scores, settings.suppressTokens ?? [])
  if (size === (prompt > 1 || forcedBosTokenId === null ? prompt : prompt + 1)) forbid(scores, settings.beginSuppressTokens ?? [])
  return scores
}

/** The likeliest token; of equal ones the first. */
export const best = (scores: Scores): number => {
  let top = 0
  for (let token = 1; token < scores.length; token++) if (scores[token]! > scores[top]!) top = token
  return top
}

/** The tokens with the highest scores, highest first; of equal ones the first. */
export const highest = (scores: Scores, count: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let token = 0; token < scores.length; token++) {
    if (found.length === count && !(scores[token]! > scores[found[count - 1]!]!)) continue
    let at = found.length
    while (at > 0 && scores[token]! > scores[found[at - 1]!]!) at--
    found.splice(at, 0, token)
    if (found.length > count) found.pop()
  }
  return found
}

/** Whether any token may come. */
export const allows = (scores: Scores): boolean => scores[best(scores)]! > Number.NEGATIVE_INFINITY

/** Whether these are a model's numbers: none is NaN or infinite, but for tokens that never come. */
export const isSound = (logits: Scores): boolean => {
  for (const logit of logits) if (!(logit < Number.POSITIVE_INFINITY)) return false
  return true
}

/** Makes tokens less likely by a factor, whatever the sign of their scores. **Source**: Keskar et al. 2019, https://arxiv.org/abs/1909.05858. */
const weigh = (scores: Scores, tokens: ReadonlyArray<number>, penalty: number): void => {
  if (penalty === 1) return
  for (const token of new Set(tokens)) scores[token] = scores[token]! < 0 ? scores[token]! * penalty : scores[token]! / penalty
}

const forbid = (scores: Scores, tokens: ReadonlyArray<number>): void => {
  for (const token of tokens) scores[token] = Number.NEGATIVE_INFINITY
}

const force = (scores: Scores, tokens: ReadonlyArray<number>): void => {
  scores.fill(Number.NEGATIVE_INFINITY)
  for (const token of tokens) scores[token] = 0
}

/** Makes an end likelier, the more the longer a text is. */
const hasten = (scores: Scores, ends: ReadonlyArray<number>, beyond: number, factor: number): void => {
  if (beyond <= 0) return
  for (const end of ends)
    if (scores[end]! > Number.NEGATIVE_INFINITY) scores[end] = scores[end]! + Math.abs(scores[end]!) * (factor ** beyond - 1)
}

/** Tokens that would make a text end on an n-gram that is in `source`. */
const repeats = (source: ReadonlyArray<number>, tokens: ReadonlyArray<number>, size: number): ReadonlyArray<number> => {
  if (size === 0 || tokens.length + 1 < size) return []
  const last = tokens.slice(tokens.length - (size - 1))
  return source.filter((_, at) => at >= size - 1 && last.every((token, i) => source[at - (size - 1) + i] === token))
}

/** Tokens that would complete one of the words; a word that is an end is none. */
const completions = (
  tokens: ReadonlyArray<number>,
  words: ReadonlyArray<ReadonlyArray<number>>,
  ends: ReadonlyArray<number>
): ReadonlyArray<number> =>
  words
    .filter((word) => word.length === 1 || word.length <= tokens.length)
    .filter((word) => word.length > 1 || !ends.includes(word[0]!))
    .filter((word) => word.slice(0, -1).every((token, i) => tokens[tokens.length - word.length + 1 + i] === token))
    .map((word) => word.at(-1)!)
