/** Reads the figures that the device holds between logs and saves, and takes snapshots of a run for checkpoints. */
import { Effect } from "effect"
import type { Checkpoint } from "../Checkpoint/CheckpointStore.ts"
import { defined } from "../Defined.ts"
import type { TrainerState } from "../TrainerState.ts"
import { NonFiniteLoss } from "./Errors.ts"
import * as NonFinite from "./NonFinite.ts"
import { get, type RunContext, set } from "./RunContext.ts"
import type { Running } from "./TrainingWeights.ts"

/** Adds to a state what the device measured since the last log. */
export const measured = (state: TrainerState, { loss, gradNorm, learningRate }: Running): TrainerState => ({
  ...state,
  losses: { ...state.losses, sinceLog: loss },
  lastUpdate: { learningRate, gradNorm }
})

/**
 * Reads the figures since the last log.
 *
 * **Errors**: `NonFiniteLoss` under the policy "fail"; the other policies warn of updates that no warning has reported yet.
 */
export const running = Effect.fnUntraced(function* <E, R>(run: RunContext<E, R>, step: number) {
  const running = yield* run.weights.running
  const { loss, gradNorm, nonFiniteUpdates } = running
  const { nonFinite = "fail" } = run.options
  if (nonFinite !== "fail") {
    const { nonFiniteReported } = get(run)
    if (nonFiniteUpdates > nonFiniteReported)
      yield* Effect.logWarning(NonFinite.warning(nonFinite, step, nonFiniteUpdates - nonFiniteReported))
    set(run, { nonFiniteReported: nonFiniteUpdates })
  } else if (!(Number.isFinite(loss) && Number.isFinite(gradNorm))) {
    set(run, { noMoreSaves: true })
    return yield* new NonFiniteLoss({ step, loss, gradNorm })
  }
  return running
})

/** Takes the checkpoint of a state: its figures, a copy of the weights in the host's memory, and the log so far. */
export const take = Effect.fnUntraced(function* <E, R>(run: RunContext<E, R>, at: TrainerState) {
  const { files, trainerState, config = {} } = run.options
  const state = measured(at, yield* running(run, at.step))
  return {
    state,
    ...(yield* run.weights.checkpoint),
    ...run.log.encoded(at),
    meta: config,
    ...defined({ files }),
    ...(trainerState === undefined ? {} : { trainerState: trainerState(state) })
  } satisfies Checkpoint
})
