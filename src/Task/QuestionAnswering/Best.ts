/** Chooses the best answers of questions from the start and end logits of each window. **Unit**: scores are logits. */
import * as PythonJson from "../../Format/PythonJson.ts"
import type { HostTensor } from "../../Tensor/HostTensor.ts"
import type { Question, Window } from "./Windows.ts"

export interface Candidate {
  readonly text: string
  readonly probability: number
  readonly start_logit: number
  readonly end_logit: number
}

export interface Answer {
  /** Empty for no answer. */
  readonly text: string
  /** Sorted by score, the best first. */
  readonly candidates: ReadonlyArray<Candidate>
  /** The score of no answer minus that of the best answer, if questions may have no answer. */
  readonly none: number | undefined
}

export interface Options {
  /** **Shapes**: `[windows, length]`. */
  readonly start: HostTensor
  readonly end: HostTensor
  /** The number of candidates (`n_best_size`), and of start and end positions tried in each window. */
  readonly size: number
  /** **Unit**: tokens. */
  readonly longest: number
  /** The score difference above which there is no answer; undefined if there always is one. */
  readonly none: number | undefined
}

/**
 * Chooses an answer for each question.
 *
 * **Source**: `postprocess_qa_predictions` of transformers' examples.
 */
export const choose = (
  questions: ReadonlyArray<Question>,
  windows: ReadonlyArray<Window>,
  options: Options
): ReadonlyArray<Answer> => {
  const of = questions.map((): Array<number> => [])
  for (const [at, { index }] of windows.entries()) of[index]!.push(at)
  return questions.map((question, i) => answer(question, of[i]!, windows, options))
}

/** Formats the files of predictions, n-best predictions and null odds. */
export const files = (
  prefix: string,
  questions: ReadonlyArray<Question>,
  answers: ReadonlyArray<Answer>
): Readonly<Record<string, string>> => {
  const by = (of: (answer: Answer) => unknown) =>
    `${PythonJson.stringify(Object.fromEntries(questions.map(({ id }, i) => [id, of(answers[i]!)])), 4)}\n`
  return {
    [`${prefix}_predictions.json`]: by(({ text }) => text),
    [`${prefix}_nbest_predictions.json`]: by(({ candidates }) => candidates),
    ...(answers.some(({ none }) => none !== undefined) ? { [`${prefix}_null_odds.json`]: by(({ none }) => none) } : {})
  }
}

interface Tried extends Omit<Candidate, "probability"> {
  readonly score: number
}

const answer = (
  { context }: Question,
  own: ReadonlyArray<number>,
  windows: ReadonlyArray<Window>,
  { start, end, size, longest, none }: Options
): Answer => {
  const width = start.shape[1] ?? 0
  const tried: Array<Tried> = []
  let nothing: Tried | undefined
  for (const at of own) {
    const { spans } = windows[at]!
    const [starts, ends] = [start, end].map(({ data }) => data.subarray(at * width, at * width + spans.length)) as [
      Float32Array,
      Float32Array
    ]
    const empty = { text: "", start_logit: starts[0]!, end_logit: ends[0]!, score: starts[0]! + ends[0]! }
    if (nothing === undefined || empty.score < nothing.score) nothing = empty
    const lasts = largest(ends, size)
    for (const first of largest(starts, size))
      for (const last of lasts) {
        const [begin, finish] = [spans[first], spans[last]]
        if (begin === undefined || finish === undefined || last < first || last - first + 1 > longest) continue
        tried.push({
          text: context.slice(begin[0], finish[1]),
          start_logit: starts[first]!,
          end_logit: ends[last]!,
          score: starts[first]! + ends[last]!
        })
      }
  }
  const all = none === undefined || nothing === undefined ? tried : [...tried, nothing]
  const nBest = all.sort((a, b) => b.score - a.score).slice(0, size)
  if (none !== undefined && nothing !== undefined && !nBest.includes(nothing)) nBest.push(nothing)
  // there must be a non-empty candidate
  if (nBest.length === 0 || (nBest.length === 1 && nBest[0]!.text === ""))
    nBest.unshift({ text: "empty", start_logit: 0, end_logit: 0, score: 0 })
  const top = Math.max(...nBest.map(({ score }) => score))
  const sum = nBest.reduce((sum, { score }) => sum + Math.exp(score - top), 0)
  const candidates = nBest.map(({ score, ...candidate }) => ({
    ...candidate,
    probability: Math.exp(score - top) / sum
  }))
  if (none === undefined || nothing === undefined) return { text: candidates[0]!.text, candidates, none: undefined }
  const bestAnswer = nBest.find(({ text }) => text !== "")!
  const odds = nothing.score - bestAnswer.score
  return { text: odds > none ? "" : bestAnswer.text, candidates, none: odds }
}

/** Gives the indices of the largest values, the largest first. */
const largest = (values: Float32Array, count: number): ReadonlyArray<number> =>
  Array.from(values.keys())
    .sort((a, b) => values[b]! - values[a]!)
    .slice(0, count)
