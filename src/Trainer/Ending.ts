/** Why a run ended before its last step, in words. */
import type { Plan } from "../Schedule/Plan.ts"
import type { TrainerState } from "../TrainerState.ts"

/** Says it; undefined for a run that went to its end. `asker` is who asked for a stop, where somebody did. */
export const early = (plan: Plan, state: TrainerState, asker: string | undefined): string | undefined => {
  const { horizon, watches } = plan
  if (!state.stop.run || state.step >= horizon.maxSteps) return undefined
  const where = `Stopped after step ${state.step}${Number.isFinite(horizon.maxSteps) ? ` of ${horizon.maxSteps}` : ""}`
  if (!plan.stop(state, horizon)) return `${where}: ${asker ?? "somebody"} asked for it.`
  return watches.length === 0
    ? `${where}: its plan says so.`
    : `${where}: ${watches.join(", ")} has not become better for as long as early stopping waits.`
}
