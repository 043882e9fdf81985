/** A Trainer's state as it can be read: the run's, and beside it what Python's has under names of its own. */

import * as Arguments from "../Arguments/Arguments.ts"
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import { type Flat, flat } from "../Checkpoint/TrainerStateJson.ts"
import * as Horizon from "../Schedule/Horizon.ts"
import * as Schedule from "../Schedule/Schedule.ts"
import type { TrainerState } from "../TrainerState.ts"
import type { TrainerStatus } from "./TrainerContext.ts"

/** **Source**: `TrainerState`. */
export interface State extends TrainerState {
  readonly globalStep: number
  /** What was logged, as Python has it: one record an entry, with its `epoch` and `step`. */
  readonly logHistory: ReadonlyArray<Flat>
  /** The best figure of the metric to go by, and the step that it is of; null where there is none. */
  readonly bestMetric: number | null
  readonly bestGlobalStep: number | null
  /** The folder of the best checkpoint. */
  readonly bestModelCheckpoint: string | null
}

/** Returns the run's state together with the attributes of Python's `TrainerState`: `globalStep`, `logHistory`, `bestMetric`, `bestGlobalStep`, `bestModelCheckpoint`. */
export const read = <E, R>(args: Arguments.Arguments, { history, state }: TrainerStatus<E, R>): State => {
  const goal = Arguments.goal(args)
  const best = goal === null ? null : Schedule.best(goal)(state, Horizon.zero) // the best is the same for every horizon
  return {
    ...state,
    globalStep: state.step,
    logHistory: history.map(flat),
    bestMetric: best?.metric ?? null,
    bestGlobalStep: best?.step ?? null,
    bestModelCheckpoint: folder(args, state)
  }
}

/** The folder of the best checkpoint; null where there is none. */
export const folder = ({ outputDir }: Arguments.Arguments, { bestCheckpoint }: TrainerState): string | null =>
  bestCheckpoint === null ? null : `${outputDir}/${CheckpointName.make(bestCheckpoint)}`
