/** Turns the events of a run into log entries for the logger, and keeps the canonical ones, encoded once, for the checkpoints. */
import { Clock, Effect } from "effect"
import type { Checkpoint, RunAttempt } from "../Checkpoint/CheckpointStore.ts"
import * as EncodedLogEntry from "../Checkpoint/EncodedLogEntry.ts"
import { defined } from "../Defined.ts"
import type { Result } from "../Evaluation/Evaluation.ts"
import type { Figure } from "../Format/Figure.ts"
import type { Logger, Scalars, Stamp } from "../Layer/Logger/Logger.ts"
import * as Speed from "../Metrics/Speed.ts"
import type { TrainerState } from "../TrainerState.ts"

type Values = Readonly<Record<string, number>>

export interface RunLog {
  /** Something for people to read. */
  readonly text: (state: TrainerState, text: string) => Effect.Effect<void>
  /** The configuration, and from the second attempt on how many entries of the log it resumes from. */
  readonly config: (state: TrainerState, config: Readonly<Record<string, unknown>>) => Effect.Effect<void>
  /** Adds an entry to the history, and returns the effect that logs it. `tokens`: those that this attempt has read, where their speed is wanted. */
  readonly train: (state: TrainerState, values: Values, tokens?: number) => Effect.Effect<Effect.Effect<void>>
  /** As `train`, `state` counts the entry: it is the one of the event. */
  readonly evaluation: (state: TrainerState, set: string, result: Result) => Effect.Effect<void>
  /** The last entry, whose figures it gives: `values`, how fast this attempt's `work` went, and what else depends on where it ran. */
  readonly summary: (state: TrainerState, values: Values, work: Speed.Work, measured: Values) => Effect.Effect<Values>
  /** The canonical log so far, oldest first. */
  readonly history: () => ReadonlyArray<Scalars>
  /** The canonical log of a state with its texts, as its checkpoint holds it. */
  readonly encoded: (state: TrainerState) => Required<Pick<Checkpoint, "history" | "encodedHistory">>
}

/** Makes the log of an attempt. `past`: the log of the state that it resumes from. */
export const make = Effect.fnUntraced(function* (attempt: RunAttempt, logger: Logger["Service"], past: ReadonlyArray<Scalars>) {
  const started = yield* Clock.currentTimeNanos
  const runtime = Effect.map(Clock.currentTimeNanos, (now) => Number(now - started) / 1e9)
  const history = past.map(encoded)
  const entries = () => history.map(({ entry }) => entry)
  const stamp = ({ step, epoch }: TrainerState): Stamp => ({ run: attempt.run, attempt: attempt.attempt, step, epoch })
  const scalars = (state: TrainerState, kind: Scalars["kind"], values: Values, clock: Values, set?: string) => {
    const entry: Scalars = { _tag: "Scalars", ...stamp(state), kind, values, clock, ...defined({ set }) }
    history.splice(state.historyLength - 1, Infinity, encoded(entry)) // what an earlier try of this event logged is replaced
    return logger.log(entry)
  }
  const figure = (state: TrainerState, name: string, figure: Figure) =>
    logger.log({ _tag: "Figure", ...stamp(state), name, figure })

  return {
    text: (state, text) => logger.log({ _tag: "Text", ...stamp(state), text }),
    config: (state, config) => {
      const { historyLength } = state
      return logger.log({ _tag: "Config", ...stamp(state), config, ...(attempt.attempt > 1 ? { historyLength } : {}) })
    },
    train: (state, values, tokens) =>
      Effect.map(runtime, (runtime) =>
        scalars(state, "train", values, tokens === undefined ? {} : Speed.measure("train", runtime, { tokens }))
      ),
    evaluation: (state, set, { metrics, clock, figures }) =>
      Effect.andThen(
        scalars(state, "eval", metrics, clock, set),
        Effect.forEach(Object.entries(figures), ([name, value]) => figure(state, name, value), { discard: true })
      ),
    summary: Effect.fnUntraced(function* (state, values, work, measured) {
      const clock = { ...Speed.measure("train", yield* runtime, work), ...measured }
      yield* scalars(state, "summary", values, clock)
      const curve = lossCurve(entries())
      if (curve !== undefined) yield* figure(state, "loss", curve)
      return { ...clock, ...values }
    }),
    history: entries,
    encoded: ({ historyLength }) => {
      const own = history.slice(0, historyLength)
      return { history: own.map(({ entry }) => entry), encodedHistory: own.map(({ texts }) => texts) }
    }
  } satisfies RunLog
})

/** An entry with the texts that checkpoints hold: each save writes those of the one before it again. */
const encoded = (entry: Scalars) => ({ entry, texts: EncodedLogEntry.make(entry) })

/** Draws the logged losses, training and evaluation, against the step; undefined when nothing was logged. */
export const lossCurve = (history: ReadonlyArray<Scalars>): Figure | undefined => {
  const series: Record<string, Array<readonly [number, number]>> = {}
  for (const { kind, set, step, values } of history) {
    const name = kind === "eval" ? `${set}_loss` : "loss"
    const value = values[name]
    if (value === undefined || !Number.isFinite(value)) continue
    const line = kind === "eval" ? name : "train_loss"
    series[line] ??= []
    series[line].push([step, value])
  }
  return Object.keys(series).length === 0 ? undefined : { _tag: "Lines", x: "step", y: "loss (nats)", series }
}
