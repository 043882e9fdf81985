/** Samples a token by its probability, after the filters of the settings (top-k, top-p, ...). On the host, in float32. */

import type { Settings } from "./GenerationConfig.ts"
import { best, highest, logSoftmax, type Scores } from "./LogitsProcessors.ts"

/**
 * Applies the temperature and excludes unlikely tokens, as transformers' logits warpers do, in their order. The likeliest token always stays.
 *
 * **Source**: `_get_logits_processor` of transformers 4.57 (test/golden-own/generation.test.ts).
 */
export const warp = (given: Scores, settings: Settings): Scores => {
  const { temperature, topK, topP, minP, typicalP, epsilonCutoff, etaCutoff } = settings
  let scores = given
  if (temperature !== 1) scores = scores.map((score) => score / temperature)
  if (topK > 0) scores = topKFilter(scores, topK)
  if (topP < 1) scores = topPFilter(scores, topP)
  if (minP !== null) scores = minimumFilter(scores, (probs) => minP * probs[best(scores)]!)
  if (typicalP < 1) scores = typicalFilter(scores, typicalP)
  if (epsilonCutoff > 0) scores = minimumFilter(scores, () => epsilonCutoff)
  if (etaCutoff > 0)
    scores = minimumFilter(scores, (probs) =>
      Math.min(etaCutoff, Math.sqrt(etaCutoff) * Math.exp(-expected(surprisals(probs), probs)))
    )
  return scores
}

/** Samples a token by inverting the cumulative distribution at `uniform`, a number in [0, 1). */
export const sample = (scores: Scores, uniform: number): number => {
  const probs = probabilities(scores)
  let last = 0
  let left = uniform
  for (let token = 0; token < probs.length; token++) {
    if (probs[token] === 0) continue
    last = token
    left -= probs[token]!
    if (left < 0) break
  }
  return last
}

/** Keeps the `count` best scores, and all that equal the last of them. */
const topKFilter = (scores: Scores, count: number): Scores => {
  if (count >= scores.length) return scores
  const minimum = count > selectionLimit ? scores.slice().sort().at(-count)! : scores[highest(scores, count).at(-1)!]!
  return scores.map((score) => (score < minimum ? Number.NEGATIVE_INFINITY : score))
}

/** Up to this count, selecting the best scores is faster than sorting all. */
const selectionLimit = 1000

/** Keeps the likeliest tokens whose probabilities add up to `share`. **Source**: Holtzman et al. 2020, https://arxiv.org/abs/1904.09751. */
const topPFilter = (scores: Scores, share: number): Scores => {
  const probs = probabilities(scores)
  const order = allowed(scores).sort((a, b) => scores[a]! - scores[b]! || b - a)
  const changed = scores.slice()
  let below = 0
  for (const token of order.slice(0, -1)) {
    below += probs[token]!
    if (below <= 1 - share) changed[token] = Number.NEGATIVE_INFINITY
  }
  return changed
}

/**
 * Keeps the tokens with at least a minimal probability, and the likeliest. **Source**: `minP`: Nguyen et al. 2024, https://arxiv.org/abs/2407.01082; the cutoffs: Hewitt et al. 2022,
 * https://arxiv.org/abs/2210.15191.
 */
const minimumFilter = (scores: Scores, minimumOf: (probs: Float64Array) => number): Scores => {
  const probs = probabilities(scores)
  const minimum = minimumOf(probs)
  const top = scores[best(scores)]!
  return scores.map((score, token) => (probs[token]! < minimum && score < top ? Number.NEGATIVE_INFINITY : score))
}

/** Keeps the tokens whose surprisal is nearest to the entropy, and whose probabilities add up to `share`. **Source**: Meister et al. 2022, https://arxiv.org/abs/2202.00666. */
const typicalFilter = (scores: Scores, share: number): Scores => {
  const probs = probabilities(scores)
  const surprisal = surprisals(probs)
  const entropy = expected(surprisal, probs)
  const distance = surprisal.map((nats) => Math.abs(nats - entropy))
  const order = allowed(scores).sort((a, b) => distance[a]! - distance[b]! || a - b)
  let together = 0
  let last = 0
  while (last < order.length - 1 && together + probs[order[last]!]! < share) together += probs[order[last++]!]!
  return scores.map((score, token) => (distance[token]! > distance[order[last]!]! ? Number.NEGATIVE_INFINITY : score))
}

/** In float64. */
const probabilities = (scores: Scores): Float64Array => Float64Array.from(logSoftmax(scores), Math.exp)

/** **Unit**: nats. */
const surprisals = (probs: Float64Array): Float64Array => probs.map((share) => -Math.log(share))

const expected = (values: Float64Array, probs: Float64Array): number =>
  probs.reduce((sum, share, token) => (share === 0 ? sum : sum + share * values[token]!), 0)

const allowed = (scores: Scores): Array<number> =>
  Array.from(scores.keys()).filter((token) => scores[token]! > Number.NEGATIVE_INFINITY)
