/** Draws a token by its probability, of those that the settings leave. On the host, in float32. */
import { best, highest, logSoftmax, type Scores } from "./LogitsProcessors.ts"
import type { Settings } from "./Settings.ts"

/**
 * Forbids what is not to be drawn, as transformers' warpers do, in their order. The likeliest token always stays.
 *
 * **Source**: `_get_logits_processor` of transformers 4.57 (test/golden-own/generation.test.ts).
 */
export const narrow = (given: Scores, settings: Settings): Scores => {
  const { temperature, topK, topP, minP, typicalP, epsilonCutoff, etaCutoff } = settings
  let scores = given
  if (temperature !== 1) scores = scores.map((score) => score / temperature)
  if (topK > 0) scores = likeliest(scores, topK)
  if (topP < 1) scores = nucleus(scores, topP)
  if (minP !== null) scores = above(scores, (shares) => minP * shares[best(scores)]!)
  if (typicalP < 1) scores = typical(scores, typicalP)
  if (epsilonCutoff > 0) scores = above(scores, () => epsilonCutoff)
  if (etaCutoff > 0)
    scores = above(scores, (shares) => Math.min(etaCutoff, Math.sqrt(etaCutoff) * Math.exp(-expected(surprises(shares), shares))))
  return scores
}

/** Draws with a number from 0 to 1. */
export const draw = (scores: Scores, uniform: number): number => {
  const shares = probabilities(scores)
  let last = 0
  let left = uniform
  for (let token = 0; token < shares.length; token++) {
    if (shares[token] === 0) continue
    last = token
    left -= shares[token]!
    if (left < 0) break
  }
  return last
}

/** The best scores, and all that equal the last of them. */
const likeliest = (scores: Scores, count: number): Scores => {
  if (count >= scores.length) return scores
  const least = count > few ? scores.slice().sort().at(-count)! : scores[highest(scores, count).at(-1)!]!
  return scores.map((score) => (score < least ? Number.NEGATIVE_INFINITY : score))
}

/** Up to so many are found faster than all are sorted. */
const few = 1000

/** The likeliest tokens that have a share together. **Source**: Holtzman et al. 2020, https://arxiv.org/abs/1904.09751. */
const nucleus = (scores: Scores, share: number): Scores => {
  const shares = probabilities(scores)
  const order = allowed(scores).sort((a, b) => scores[a]! - scores[b]! || b - a)
  const changed = scores.slice()
  let below = 0
  for (const token of order.slice(0, -1)) {
    below += shares[token]!
    if (below <= 1 - share) changed[token] = Number.NEGATIVE_INFINITY
  }
  return changed
}

/**
 * Tokens with a probability, and the likeliest. **Source**: `minP`: Nguyen et al. 2024, https://arxiv.org/abs/2407.01082; the cutoffs: Hewitt et al. 2022,
 * https://arxiv.org/abs/2210.15191.
 */
const above = (scores: Scores, leastOf: (shares: Float64Array) => number): Scores => {
  const shares = probabilities(scores)
  const least = leastOf(shares)
  const top = scores[best(scores)]!
  return scores.map((score, token) => (shares[token]! < least && score < top ? Number.NEGATIVE_INFINITY : score))
}

/** The tokens whose surprise is nearest to the expected one, and that have a share together. **Source**: Meister et al. 2022, https://arxiv.org/abs/2202.00666. */
const typical = (scores: Scores, share: number): Scores => {
  const shares = probabilities(scores)
  const surprise = surprises(shares)
  const mean = expected(surprise, shares)
  const distance = surprise.map((nats) => Math.abs(nats - mean))
  const order = allowed(scores).sort((a, b) => distance[a]! - distance[b]! || a - b)
  let together = 0
  let last = 0
  while (last < order.length - 1 && together + shares[order[last]!]! < share) together += shares[order[last++]!]!
  return scores.map((score, token) => (distance[token]! > distance[order[last]!]! ? Number.NEGATIVE_INFINITY : score))
}

/** In float64. */
const probabilities = (scores: Scores): Float64Array => Float64Array.from(logSoftmax(scores), Math.exp)

/** **Unit**: nats. */
const surprises = (shares: Float64Array): Float64Array => shares.map((share) => -Math.log(share))

const expected = (values: Float64Array, shares: Float64Array): number =>
  shares.reduce((sum, share, token) => (share === 0 ? sum : sum + share * values[token]!), 0)

const allowed = (scores: Scores): Array<number> =>
  Array.from(scores.keys()).filter((token) => scores[token]! > Number.NEGATIVE_INFINITY)
