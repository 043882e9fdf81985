/** How a run ended, in words: why before its last step, and whether it ends with the best or the last weights. */
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import * as Numbers from "../Format/Numbers.ts"
import type { Plan } from "../Schedule/Plan.ts"
import * as Schedule from "../Schedule/Schedule.ts"
import type { TrainerState } from "../TrainerState.ts"

/** Says why it ended early; undefined for a run that went to its end. `requestedBy` is the name of the observer or callback that requested the stop, if one did. */
export const early = (plan: Plan, state: TrainerState, requestedBy: string | undefined): string | undefined => {
  const { horizon, patience } = plan
  if (!state.stop.run || state.step >= horizon.maxSteps) return undefined
  const where = `Stopped after step ${state.step}${Number.isFinite(horizon.maxSteps) ? ` of ${horizon.maxSteps}` : ""}`
  if (!plan.stop(state, horizon)) return `${where}: ${requestedBy ?? "an observer"} asked for it.`
  return patience === undefined || !Schedule.impatient(patience)(state, horizon)
    ? `${where}: its plan's stop condition is met.`
    : `${where}: ${waited(patience, Schedule.best(patience)(state, horizon))}.`
}

/** Says which checkpoint was the best, and whether its weights took the place of the last; undefined where the plan does not ask for the best. */
export const best = ({ restoreBest, watches: [metric] }: Plan, state: TrainerState): string | undefined => {
  const step = state.bestCheckpoint
  if (!restoreBest || step === null) return undefined
  const value = metric === undefined ? undefined : at(state, step)?.[metric]
  const what = value === undefined ? `step ${step}` : `${metric} ${Numbers.number(value)} at step ${step}`
  return `Best: ${what}; ${step === state.step ? "the last weights are the best" : `the weights of ${CheckpointName.make(step)} were put back`}.`
}

const waited = ({ metric, patience, threshold = 0 }: Schedule.Patience, best: Schedule.Best | null): string =>
  [
    `${metric} has not become better${threshold > 0 ? ` by more than ${threshold}` : ""} in ${patience} evaluation${patience === 1 ? "" : "s"}`,
    ...(best === null ? [] : [`the best was ${Numbers.number(best.metric)} at step ${best.step}`])
  ].join("; ")

/** What the evaluation of a step found. */
const at = ({ evaluations }: TrainerState, step: number): Readonly<Record<string, number>> | undefined => {
  for (let node = evaluations; node !== null; node = node.before) if (node.last.step === step) return node.last.metrics
  return undefined
}
