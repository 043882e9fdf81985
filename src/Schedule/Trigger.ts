/** A trigger is an edge: a pure function of the states before and after a transition. It asks; it does not act. */
import type { Pipeable } from "effect"
import type { TrainerState } from "../TrainerState.ts"
import type { Horizon } from "./Horizon.ts"

export interface Trigger extends Pipeable.Pipeable {
  (before: TrainerState, after: TrainerState, horizon: Horizon): boolean
}

export declare namespace Trigger {
  /** Wherever a trigger is wanted, a plain function of the two states will do. */
  export type Input = (before: TrainerState, after: TrainerState, horizon: Horizon) => boolean
}
