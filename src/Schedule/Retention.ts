/** Retention says which checkpoints stay, by step. It is asked after every save, and once more at the end of the run (`finished`). */
import type { TrainerState } from "../TrainerState.ts"

export type Retention = (state: TrainerState, finished: boolean) => ReadonlyArray<number>
