/** What tokens may come next: scores of a row, changed as the settings ask. On the host, in float32. */
import type { Settings } from "./Settings.ts"

/** Scores of each token. **Unit**: nats. */
export type Scores = Float32Array

/** A text so far: its tokens, and how many of them were its prompt. */
export interface Text {
  readonly tokens: ReadonlyArray<number>
  readonly prompt: number
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

/** Ends of a text. */
export const endsOf = ({ eosTokenId }: Settings): ReadonlyArray<number> =>
  eosTokenId === null ? [] : typeof eosTokenId === "number" ? [eosTokenId] : eosTokenId

/**
 * Changes scores as transformers' processors do, in their order: repetition, n-grams that would come again, an end that would come too soon.
 *
 * **Source**: `RepetitionPenaltyLogitsProcessor`, `NoRepeatNGramLogitsProcessor`, `MinLengthLogitsProcessor`, `MinNewTokensLengthLogitsProcessor`.
 */
export const process = (scores: Scores, { prompt, tokens }: Text, settings: Settings): Scores => {
  const { minLength, minNewTokens, noRepeatNgramSize, repetitionPenalty } = settings
  const changed = scores.slice()
  if (repetitionPenalty !== 1)
    for (const token of new Set(tokens)) {
      const score = scores[token]!
      changed[token] = score < 0 ? score * repetitionPenalty : score / repetitionPenalty
    }
  if (noRepeatNgramSize > 0) for (const token of repeats(tokens, noRepeatNgramSize)) changed[token] = Number.NEGATIVE_INFINITY
  const soon = tokens.length < minLength || (minNewTokens !== null && tokens.length - prompt < minNewTokens)
  if (soon) for (const end of endsOf(settings)) changed[end] = Number.NEGATIVE_INFINITY
  return changed
}

/** Tokens that would complete an n-gram that is in the text already. */
const repeats = (tokens: ReadonlyArray<number>, size: number): ReadonlyArray<number> => {
  if (tokens.length + 1 < size) return []
  const last = tokens.slice(tokens.length - (size - 1))
  return tokens.flatMap((token, at) => {
    const before = tokens.slice(at - (size - 1), at)
    return at >= size - 1 && before.every((other, i) => other === last[i]) ? [token] : []
  })
}

/** The likeliest token; of equal ones the first. */
export const best = (scores: Scores): number => scores.reduce((top, score, token) => (score > scores[top]! ? token : top), 0)

/** The tokens with the highest scores, highest first; of equal ones the first. */
export const highest = (scores: Scores, count: number): ReadonlyArray<number> =>
  Array.from(scores.keys())
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, count)

/**
 * Draws a token with a number from 0 to 1: by the shares that temperature, `topK` and `topP` leave.
 *
 * **Source**: `TemperatureLogitsWarper`, `TopKLogitsWarper`, `TopPLogitsWarper`, in this order.
 */
export const draw = (scores: Scores, uniform: number, { temperature, topK, topP }: Settings): number => {
  const order = highest(scores, topK > 0 ? topK : scores.length).filter((token) => scores[token]! > Number.NEGATIVE_INFINITY)
  const top = scores[order[0]!]!
  const weights = order.map((token) => Math.exp((scores[token]! - top) / temperature))
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let kept = 0
  let share = 0
  while (kept < order.length && share < topP * total) share += weights[kept++]!
  let left = uniform * share
  for (let i = 0; i < kept; i++) {
    left -= weights[i]!
    if (left < 0) return order[i]!
  }
  return order[Math.max(0, kept - 1)]!
}
