/** The logger service, which receives the metrics of a run. A logger that fails never stops or slows the run. */
import { Context, type Effect } from "effect"
import type { Figure as Picture } from "../../Format/Figure.ts"
import type { Horizon } from "../../Schedule/Horizon.ts"
import type { TrainerState } from "../../TrainerState.ts"

/** What every entry carries: which run, which attempt at it (a resume is the next attempt), and its position. */
export interface Stamp {
  readonly run: string
  readonly attempt: number
  readonly step: number
  readonly epoch: number
}

/** `train`: a training log. `eval`: one evaluation of `set`. `summary`: once, at the end. Wall-clock fields are in `clock`, all else is deterministic. */
export interface Scalars extends Stamp {
  readonly _tag: "Scalars"
  readonly kind: "train" | "eval" | "summary"
  readonly set?: string
  readonly values: Readonly<Record<string, number>>
  /** Figures that depend on the wall clock (`runtime` in s, `samples_per_second`, ...). */
  readonly clock: Readonly<Record<string, number>>
}

export interface Text extends Stamp {
  readonly _tag: "Text"
  readonly text: string
}

export interface Figure extends Stamp {
  readonly _tag: "Figure"
  readonly name: string
  readonly figure: Picture
}

export interface Config extends Stamp {
  readonly _tag: "Config"
  readonly config: Readonly<Record<string, unknown>>
  /** The number of scalars in the run's log that this attempt resumes from: it logs those after them again. Omitted in a first attempt. */
  readonly historyLength?: number
}

export type Entry = Scalars | Text | Figure | Config

export class Logger extends Context.Service<
  Logger,
  {
    readonly log: (entry: Entry) => Effect.Effect<void>
    /** Called after every update and every evaluation batch: cheap, synchronous, for progress bars. Omitted by loggers that do not display it. */
    readonly progress?: (now: Progress) => void
    /** Waits until every entry logged so far is written. */
    readonly flush: Effect.Effect<void>
  }
>()("regimen/Layer/Logger") {}

export interface Progress {
  /** `idle`: an evaluation or a prediction has ended, successfully or not. */
  readonly phase: "train" | "eval" | "predict" | "idle"
  readonly state: TrainerState
  readonly horizon: Horizon
  /** In an evaluation: batches done, and how many there are (`Infinity` if unknown). */
  readonly done?: number
  readonly total?: number
  readonly set?: string
}
