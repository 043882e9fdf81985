/** Recorded runs of the real Trainer, and our plan of each. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { Result } from "effect"
import * as Case from "../../src/cli/PlanCase.ts"
import * as Outcome from "../../src/cli/PlanOutcome.ts"
import type { Line } from "../../src/cli/PlanTimeline.ts"

export interface Recorded {
  readonly name: string
  readonly args: Readonly<Record<string, unknown>>
  readonly resume_args?: Readonly<Record<string, unknown>>
  readonly train_size: number
  readonly eval_size: number | Readonly<Record<string, number>>
  readonly dataset: "map" | "iterable"
  readonly scripted_eval_score?: ReadonlyArray<number>
  readonly user_callback?: { readonly on_step_end_at_step: number; readonly sets: string }
  readonly events: ReadonlyArray<Line>
  readonly checkpoints_on_disk_after_train: ReadonlyArray<string>
  readonly resolved: Readonly<Record<string, unknown>>
  readonly trainer_state: {
    readonly best_metric: number | null
    readonly best_global_step: number | null
    readonly best_model_checkpoint: string | null
    readonly global_step: number
    readonly epoch: number
    readonly log_history?: ReadonlyArray<Readonly<Record<string, number>>>
  }
  readonly hf_error?: string
}

export const read = <A>(file: string): A => JSON.parse(readFileSync(join(import.meta.dirname, file), "utf8")) as A

/** Plans a case. Throws the typed error. */
export const plan = (recorded: unknown): Outcome.Outcome => Result.getOrThrow(Result.flatMap(Case.decode(recorded), Outcome.make))

/** What we record beside the real one where `save_strategy` is "best" (deliberate difference e): the best step and its checkpoint. */
export const withBest = (events: ReadonlyArray<Line>): ReadonlyArray<Line> => {
  let best: number | null = null
  let metric: number | null = null
  return events.map((line) => {
    if (line.event !== "on_save" && line.event !== "on_train_end") return line
    if ((line.best_metric ?? null) !== metric) [best, metric] = [line.step, line.best_metric ?? null]
    return { ...line, best_global_step: best, best_model_checkpoint: best === null ? null : `run/checkpoint-${best}` }
  })
}
