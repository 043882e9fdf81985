/** A beam search over one text, as a pure fold: scores of the running beams in, the next tokens and whose past they go on from out. */
import { highest, type Length, type Scores } from "./LogitsProcessors.ts"
import { endsOf, type Settings } from "./Settings.ts"

/** A text with its score: of a running one the sum of its tokens', of a finished one that sum over a power of the length. */
interface Beam {
  readonly tokens: ReadonlyArray<number>
  readonly score: number
  readonly finished: boolean
}

export interface Search {
  readonly running: ReadonlyArray<Beam>
  /** As many as beams, best first; those that are not finished have no score yet. */
  readonly found: ReadonlyArray<Beam>
  /** For each running beam, the one whose past it goes on from. */
  readonly parents: ReadonlyArray<number>
  readonly done: boolean
}

/** A score that no text has. */
const none = -1e9

/** Begins with a prompt: one beam, and others that cannot win. */
export const begin = (prompt: ReadonlyArray<number>, { numBeams }: Settings): Search => ({
  running: Array.from({ length: numBeams }, (_, i) => ({ tokens: prompt, score: i === 0 ? 0 : none, finished: false })),
  found: Array.from({ length: numBeams }, () => ({ tokens: prompt, score: none, finished: false })),
  parents: Array.from({ length: numBeams }, (_, i) => i),
  done: false
})

/**
 * Goes on by a token. `scores` are those of each running beam's next token, as logarithms of probabilities, processed.
 *
 * **Source**: `GenerationMixin._beam_search`, its ties and its early stopping.
 */
export const next = (search: Search, scores: ReadonlyArray<Scores>, settings: Settings, length: Length): Search => {
  const { earlyStopping, lengthPenalty, numBeams } = settings
  const ends = endsOf(settings)
  const kept = Math.max(2, 1 + ends.length) * numBeams
  const candidates = search.running
    .flatMap(({ score, tokens }, parent) =>
      highest(scores[parent]!, kept).map((token) => ({
        parent,
        tokens: [...tokens, token],
        score: Math.fround(score + scores[parent]![token]!),
        place: parent * scores[parent]!.length + token
      }))
    )
    .sort((a, b) => b.score - a.score || a.place - b.place)
    .slice(0, kept)
    .map((candidate) => ({
      ...candidate,
      hit: candidate.tokens.length >= length.max || ends.includes(candidate.tokens.at(-1)!)
    }))

  const running = candidates
    .map((candidate) => ({ ...candidate, score: Math.fround(candidate.score + (candidate.hit ? none : 0)) }))
    .sort((a, b) => b.score - a.score)
    .slice(0, numBeams)

  const size = candidates[0]!.tokens.length - length.prompt
  const full = search.found.every(({ finished }) => finished) && earlyStopping === true
  const closed = search.done || full
  const found = [
    ...search.found,
    ...candidates.map(({ hit, score, tokens }, place) => {
      const counts = hit && place < numBeams
      return {
        tokens,
        score: Math.fround(score / size ** lengthPenalty + (closed ? none : 0) + (counts ? 0 : none)),
        finished: counts && !closed
      }
    })
  ]
    .sort((a, b) => b.score - a.score)
    .slice(0, numBeams)

  const hypothetical = earlyStopping === "never" && lengthPenalty > 0 ? length.max - length.prompt : size
  const possible = running[0]!.score / hypothetical ** lengthPenalty
  const whole = found.every(({ finished }) => finished)
  const worst = Math.min(...found.map(({ finished, score }) => (finished ? score : none)))
  const improves = found.some(({ finished }) => possible > (finished ? worst : none))
  return {
    running: running.map(({ score, tokens }) => ({ tokens, score, finished: false })),
    found,
    parents: running.map(({ parent }) => parent),
    done: !improves || (whole && earlyStopping === true) || candidates.every(({ hit }) => hit)
  }
}
