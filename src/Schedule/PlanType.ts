/** The type of a plan: what decides in a run. */
import type { Horizon } from "./Horizon.ts"
import type { Retention } from "./Retention.ts"
import type { Patience, Schedule } from "./Schedule.ts"
import type { Trigger } from "./Trigger.ts"

export interface Plan {
  readonly horizon: Horizon
  /** The learning rate of an update is the schedule of the state before it. */
  readonly learningRate: Schedule.Input<number>
  readonly log: Trigger.Input
  readonly evaluate: Trigger.Input
  readonly save: Trigger.Input
  /** Whether the run is over. `play` adds the horizon's end to it. A resumed run asks again, so a condition that has become true should stay true. */
  readonly stop: Schedule.Input<boolean>
  /** The early stopping that `stop` applies, if it does: the message at the end of the run names it. */
  readonly patience?: Patience
  /** The step whose checkpoint must survive, or null. */
  readonly best: Schedule.Input<number | null>
  readonly retention: Retention
  /** At the end, put the weights of `bestCheckpoint` back. */
  readonly restoreBest: boolean
  readonly evaluateOnStart: boolean
  /** Names of the metrics that decisions read (`eval_loss`); the trainer checks before step 0 that an evaluation gives them. */
  readonly watches: ReadonlyArray<string>
  /** Evaluation sets, in order. */
  readonly sets: ReadonlyArray<string>
}
