/** The sequences generated for one prompt, as a pure fold over the logits of the next token. */
import { Result } from "effect"
import type { HostTensor } from "../../Tensor/HostTensor.ts"
import * as BeamSearch from "./BeamSearch.ts"
import { NoLogits, NoToken } from "./Errors.ts"
import { endsOf, type Settings } from "./GenerationConfig.ts"
import * as LogitsProcessors from "./LogitsProcessors.ts"
import * as Sampling from "./Sampling.ts"

/** Sampled or greedy sequences, each independent of the others; or a beam search. */
export type GenerationState =
  | {
      readonly _tag: "Independent"
      readonly sequences: ReadonlyArray<{ readonly tokens: ReadonlyArray<number>; readonly finished: boolean }>
    }
  | { readonly _tag: "BeamSearch"; readonly search: BeamSearch.Search }

/** Tests whether the settings ask for a beam search. */
export const isBeamSearch = ({ doSample, numBeams }: Settings): boolean => !doSample && numBeams > 1

/** Counts the sequences that are decoded in parallel for each prompt. */
export const sequencesPerPrompt = ({ doSample, numBeams, numReturnSequences }: Settings): number =>
  doSample ? numReturnSequences : numBeams

/** Starts from the tokens of a prompt. */
export const init = (tokens: ReadonlyArray<number>, settings: Settings): GenerationState =>
  isBeamSearch(settings)
    ? { _tag: "BeamSearch", search: BeamSearch.init(tokens, settings) }
    : {
        _tag: "Independent",
        sequences: Array.from({ length: sequencesPerPrompt(settings) }, () => ({ tokens, finished: false }))
      }

export const isDone = (state: GenerationState): boolean =>
  state._tag === "BeamSearch" ? state.search.done : state.sequences.every(({ finished }) => finished)

/** What the next tokens depend on besides the logits. */
export interface StepContext extends Pick<LogitsProcessors.Text, "length" | "source"> {
  readonly settings: Settings
  /** Padding tokens before the prompt. */
  readonly padding: number
  readonly position: { readonly row: number; readonly step: number }
  /** Draws a uniform number for a sequence. */
  readonly random: (sequence: number) => number
}

/**
 * Appends a token to each sequence. `logits` gives those of a sequence.
 *
 * **Errors**: `NoLogits` if one is NaN, `NoToken` if the settings forbid every token.
 */
export const advance = (
  state: GenerationState,
  logits: (sequence: number) => LogitsProcessors.Scores,
  context: StepContext
): Result.Result<GenerationState, NoLogits | NoToken> => {
  if (isDone(state)) return Result.succeed(state)
  const { length, padding, position, random, settings, source } = context
  const processed = (scores: LogitsProcessors.Scores, tokens: ReadonlyArray<number>) => {
    const text = { tokens: tokens.slice(padding), size: tokens.length, length, source }
    const constrained = LogitsProcessors.process(scores, text, settings)
    const warped = settings.doSample ? Sampling.warp(constrained, settings) : constrained
    return settings.renormalizeLogits ? LogitsProcessors.logSoftmax(warped) : warped
  }
  const active = state._tag === "BeamSearch" ? state.search.running : state.sequences
  if (active.some(({ finished }, i) => !finished && !LogitsProcessors.isSound(logits(i))))
    return Result.fail(new NoLogits(position))
  if (state._tag === "BeamSearch") {
    const scores = state.search.running.map(({ tokens }, beam) => processed(LogitsProcessors.logSoftmax(logits(beam)), tokens))
    if (!scores.some(LogitsProcessors.allows)) return Result.fail(new NoToken(position))
    return Result.succeed({ _tag: "BeamSearch", search: BeamSearch.advance(state.search, scores, settings, length) })
  }
  const ends = endsOf(settings)
  const sequences = state.sequences.map((sequence, i) => {
    if (sequence.finished) return Result.succeed(sequence)
    const scores = processed(logits(i), sequence.tokens)
    if (!LogitsProcessors.allows(scores)) return Result.fail(new NoToken(position))
    const token = settings.doSample ? Sampling.sample(scores, random(i)) : LogitsProcessors.best(scores)
    return Result.succeed({ tokens: [...sequence.tokens, token], finished: ends.includes(token) })
  })
  return Result.map(Result.all(sequences), (sequences) => ({ _tag: "Independent", sequences }))
}

/** Gives the next input token of each sequence, and the sequence whose key-value cache it continues. Finished sequences are fed too. */
export const nextInputs = (state: GenerationState): ReadonlyArray<{ readonly token: number; readonly parent: number }> =>
  state._tag === "Independent"
    ? state.sequences.map(({ tokens }, parent) => ({ token: tokens.at(-1)!, parent }))
    : state.search.running.map(({ tokens }, i) => ({ token: tokens.at(-1)!, parent: state.search.parents[i]! }))

/** Collects the sequences of all prompts, padded to the same length; those of a beam search with their scores. **Shapes**: `[sequences, length]`. */
export const finish = (states: ReadonlyArray<GenerationState>, settings: Settings) => {
  const [end] = endsOf(settings)
  const all = states.flatMap(
    (state): ReadonlyArray<Sequence> =>
      state._tag === "Independent" ? state.sequences : state.search.hypotheses.slice(0, settings.numReturnSequences)
  )
  const beams = settings.numBeams > 1
  // transformers' beam search treats a pad token of 0 as none
  const pad = (beams ? settings.padTokenId || end : (settings.padTokenId ?? end)) ?? 0
  const length = Math.max(...all.map(({ tokens }) => tokens.length))
  const data = Int32Array.from(all.flatMap(({ tokens }) => [...tokens, ...Array(length - tokens.length).fill(pad)]))
  const sequences: HostTensor = { dtype: "int32", shape: [all.length, length], data }
  return beams ? { sequences, scores: all.map(({ score }) => score ?? Number.NaN) } : { sequences }
}

interface Sequence {
  readonly tokens: ReadonlyArray<number>
  readonly score?: number
}
