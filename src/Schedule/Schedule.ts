/** A schedule is a level: a pure function of the state (a learning rate, a batch size, "are we done?"). */
import type { Pipeable } from "effect"
import type { TrainerState } from "../TrainerState.ts"
import type { Horizon } from "./Horizon.ts"

export interface Schedule<A> extends Pipeable.Pipeable {
  (state: TrainerState, horizon: Horizon): A
}

export declare namespace Schedule {
  /** Wherever a schedule is wanted, a plain function of the state will do. */
  export type Input<A> = (state: TrainerState, horizon: Horizon) => A
}
