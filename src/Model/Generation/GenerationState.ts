/** A row's texts as they are written: a pure fold over the logits of the next token. */
import { Result } from "effect"
import type { HostTensor } from "../../Tensor/HostTensor.ts"
import * as Beams from "./Beams.ts"
import { NoLogits, NoToken } from "./Errors.ts"
import * as LogitsProcessors from "./LogitsProcessors.ts"
import * as Sampling from "./Sampling.ts"
import { endsOf, type Settings } from "./Settings.ts"

/** Texts that are drawn or the likeliest, each alone; or beams, which compete. */
export type GenerationState =
  | { readonly _tag: "Drawn"; readonly texts: ReadonlyArray<{ readonly tokens: ReadonlyArray<number>; readonly ended: boolean }> }
  | { readonly _tag: "Searched"; readonly search: Beams.Search }

/** Whether texts compete. */
export const searches = ({ doSample, numBeams }: Settings): boolean => !doSample && numBeams > 1

/** How many texts of a row are written at a time. */
export const widthOf = ({ doSample, numBeams, numReturnSequences }: Settings): number =>
  doSample ? numReturnSequences : numBeams

/** Begins with a prompt. */
export const begin = (tokens: ReadonlyArray<number>, settings: Settings): GenerationState =>
  searches(settings)
    ? { _tag: "Searched", search: Beams.begin(tokens, settings) }
    : { _tag: "Drawn", texts: Array.from({ length: widthOf(settings) }, () => ({ tokens, ended: false })) }

export const isDone = (row: GenerationState): boolean =>
  row._tag === "Searched" ? row.search.done : row.texts.every(({ ended }) => ended)

/** What a row's next tokens depend on, beside its logits. */
export interface Around extends Pick<LogitsProcessors.Text, "length" | "source"> {
  readonly settings: Settings
  readonly padding: number
  readonly place: { readonly row: number; readonly step: number }
  readonly random: (text: number) => number
}

/** Goes on by a token. `logits` are a text's. **Errors**: `NoLogits` where one is NaN, `NoToken` where none is allowed. */
export const advance = (
  row: GenerationState,
  logits: (beam: number) => LogitsProcessors.Scores,
  around: Around
): Result.Result<GenerationState, NoLogits | NoToken> => {
  if (isDone(row)) return Result.succeed(row)
  const { length, padding, place, random, settings, source } = around
  const changed = (scores: LogitsProcessors.Scores, tokens: ReadonlyArray<number>) => {
    const text = { tokens: tokens.slice(padding), size: tokens.length, length, source }
    const processed = LogitsProcessors.process(scores, text, settings)
    const narrowed = settings.doSample ? Sampling.narrow(processed, settings) : processed
    return settings.renormalizeLogits ? LogitsProcessors.logSoftmax(narrowed) : narrowed
  }
  const active = row._tag === "Searched" ? row.search.running : row.texts
  if (active.some((text, i) => !("ended" in text && text.ended) && !LogitsProcessors.isSound(logits(i))))
    return Result.fail(new NoLogits(place))
  if (row._tag === "Searched") {
    const scores = row.search.running.map(({ tokens }, beam) => changed(LogitsProcessors.logSoftmax(logits(beam)), tokens))
    if (!scores.some(LogitsProcessors.allows)) return Result.fail(new NoToken(place))
    return Result.succeed({ _tag: "Searched", search: Beams.next(row.search, scores, settings, length) })
  }
  const ends = endsOf(settings)
  const texts = row.texts.map((text, i) => {
    if (text.ended) return Result.succeed(text)
    const scores = changed(logits(i), text.tokens)
    if (!LogitsProcessors.allows(scores)) return Result.fail(new NoToken(place))
    const token = settings.doSample ? Sampling.draw(scores, random(i)) : LogitsProcessors.best(scores)
    return Result.succeed({ tokens: [...text.tokens, token], ended: ends.includes(token) })
  })
  return Result.map(Result.all(texts), (texts) => ({ _tag: "Drawn", texts }))
}

/** The tokens that the model reads next, and whose past they follow. A text that has ended goes on unseen. */
export const continuations = (row: GenerationState): ReadonlyArray<{ readonly token: number; readonly parent: number }> =>
  row._tag === "Drawn"
    ? row.texts.map(({ tokens }, parent) => ({ token: tokens.at(-1)!, parent }))
    : row.search.running.map(({ tokens }, i) => ({ token: tokens.at(-1)!, parent: row.search.parents[i]! }))

/** The texts of all rows, filled up behind their ends; of beams with their scores. **Shapes**: `[texts, length]`. */
export const finish = (rows: ReadonlyArray<GenerationState>, chosen: Settings) => {
  const [end] = endsOf(chosen)
  const found = rows.flatMap(
    (row): ReadonlyArray<Found> => (row._tag === "Drawn" ? row.texts : row.search.found.slice(0, chosen.numReturnSequences))
  )
  const beams = chosen.numBeams > 1
  // the real one's beam search takes a pad token of 0 for none
  const filler = (beams ? chosen.padTokenId || end : (chosen.padTokenId ?? end)) ?? 0
  const length = Math.max(...found.map(({ tokens }) => tokens.length))
  const data = Int32Array.from(found.flatMap(({ tokens }) => [...tokens, ...Array(length - tokens.length).fill(filler)]))
  const sequences: HostTensor = { dtype: "int32", shape: [found.length, length], data }
  return beams ? { sequences, scores: found.map(({ score }) => score ?? Number.NaN) } : { sequences }
}

interface Found {
  readonly tokens: ReadonlyArray<number>
  readonly score?: number
}
