/** Beam search for one prompt, as a pure fold over the scores of the next token of each running beam. */

import { endsOf, type Settings } from "./GenerationConfig.ts"
import { highest, type Length, type Scores } from "./LogitsProcessors.ts"

/** A sequence with its score: the sum of its tokens' log probabilities, divided by a power of the length (`lengthPenalty`) if it is finished. */
interface Beam {
  readonly tokens: ReadonlyArray<number>
  readonly score: number
  readonly finished: boolean
}

export interface Search {
  readonly running: ReadonlyArray<Beam>
  /** The best finished sequences, as many as beams, best first; those not finished yet are placeholders. */
  readonly hypotheses: ReadonlyArray<Beam>
  /** For each running beam, the previous beam whose key-value cache it continues. */
  readonly parents: ReadonlyArray<number>
  readonly done: boolean
}

/** A score below that of any sequence. */
const lowest = -1e9

/** Starts from a prompt: one beam, and others with the lowest score. */
export const init = (prompt: ReadonlyArray<number>, { numBeams }: Settings): Search => ({
  running: Array.from({ length: numBeams }, (_, i) => ({ tokens: prompt, score: i === 0 ? 0 : lowest, finished: false })),
  hypotheses: Array.from({ length: numBeams }, () => ({ tokens: prompt, score: lowest, finished: false })),
  parents: Array.from({ length: numBeams }, (_, i) => i),
  done: false
})

/**
 * Extends the beams by a token. `scores` are the processed log probabilities of each running beam's next token.
 *
 * **Source**: `GenerationMixin._beam_search`, its ties and its early stopping.
 */
export const advance = (search: Search, scores: ReadonlyArray<Scores>, settings: Settings, length: Length): Search => {
  const { earlyStopping, lengthPenalty, numBeams } = settings
  const ends = endsOf(settings)
  const candidateCount = Math.max(2, 1 + ends.length) * numBeams
  const candidates = search.running
    .flatMap(({ score, tokens }, parent) =>
      highest(scores[parent]!, candidateCount).map((token) => ({
        parent,
        tokens: [...tokens, token],
        score: Math.fround(score + scores[parent]![token]!),
        index: parent * scores[parent]!.length + token
      }))
    )
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, candidateCount)
    .map((candidate) => ({
      ...candidate,
      ended: candidate.tokens.length >= length.max || ends.includes(candidate.tokens.at(-1)!)
    }))

  const running = candidates
    .map((candidate) => ({ ...candidate, score: Math.fround(candidate.score + (candidate.ended ? lowest : 0)) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, numBeams)

  const size = candidates[0]!.tokens.length - length.prompt
  const full = search.hypotheses.every(({ finished }) => finished) && earlyStopping === true
  const closed = search.done || full
  const hypotheses = [
    ...search.hypotheses,
    ...candidates.map(({ ended, score, tokens }, rank) => {
      const counts = ended && rank < numBeams
      return {
        tokens,
        score: Math.fround(score / size ** lengthPenalty + (closed ? lowest : 0) + (counts ? 0 : lowest)),
        finished: counts && !closed
      }
    })
  ]
    .sort((a, b) => b.score - a.score)
    .slice(0, numBeams)

  const hypothetical = earlyStopping === "never" && lengthPenalty > 0 ? length.max - length.prompt : size
  const possible = running[0]!.score / hypothetical ** lengthPenalty
  const whole = hypotheses.every(({ finished }) => finished)
  const worst = Math.min(...hypotheses.map(({ finished, score }) => (finished ? score : lowest)))
  const improves = hypotheses.some(({ finished }) => possible > (finished ? worst : lowest))
  return {
    running: running.map(({ score, tokens }) => ({ tokens, score, finished: false })),
    hypotheses,
    parents: running.map(({ parent }) => parent),
    done: !improves || (whole && earlyStopping === true) || candidates.every(({ ended }) => ended)
  }
}
