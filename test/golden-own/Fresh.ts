/** Runs that scripts/record-cadence.py recorded of the real Trainer, and what ours must do in their place: the same, or by exactly the deliberate difference. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import type { Line } from "../../src/cli/PlanTimeline.ts"
import type { Rows } from "../golden/Driven.ts"
import { type Recorded, withBest } from "../golden/Recorded.ts"

/** What a run left. */
export interface Left {
  readonly events: ReadonlyArray<Line>
  readonly learning_rates: ReadonlyArray<number>
  readonly checkpoints_on_disk_after_train: ReadonlyArray<string>
  readonly trainer_state: Recorded["trainer_state"]
  readonly resolved: Recorded["resolved"]
  readonly final_weights: Weights
}

export interface Weights {
  readonly "lin.weight": ReadonlyArray<ReadonlyArray<number>>
  readonly "lin.bias": ReadonlyArray<number>
}

type Log = ReadonlyArray<Readonly<Record<string, number>>>

export type Fresh = Recorded &
  Left & {
    readonly label_free?: boolean
    readonly resumed_from?: string | undefined
    /** The run that left the checkpoint, to its own end. */
    readonly first?: Left
    /** Where it saves the best and is to load it: the weights at each save. */
    readonly saved_weights?: Readonly<Record<string, Weights>>
    /** Of a stream that ends inside an accumulation: the same run on the stream without that rest. */
    readonly whole?: { readonly log_history: Log; readonly final_weights: Weights }
  }

interface File {
  readonly rows: Rows
  readonly runs: ReadonlyArray<Fresh>
}

const file = JSON.parse(readFileSync(join(import.meta.dirname, "cadence_fresh.json"), "utf8")) as File

export const runs = file.runs

/** The first `size` of the recorded rows. */
export const rows = (size: number): Rows => ({ train: file.rows.train.slice(0, size), eval: file.rows.eval.slice(0, size) })

/** A case of the `plan` command. The losses of its evaluations are those of the expected log. */
export const toCase = (run: Fresh): Recorded => {
  const { first, label_free: _free, learning_rates: _rates, saved_weights: _saved, whole: _whole, ...given } = run
  return run.resume_args !== undefined && first !== undefined && kind(run) === "same"
    ? { ...given, trainer_state: first.trainer_state }
    : given
}

/** The step of the checkpoint that a run goes on from. */
export const cut = (run: Fresh): number => Number(run.resumed_from!.slice(checkpoint.length))

const checkpoint = "run/checkpoint-"

/**
 * How a resumed run is judged.
 *
 * - `same`: its arguments are those of the run before. It must be the rest of that run, as recorded, whatever the real one does when it resumes:
 *   (a) an epoch's end that is owed is made up for, (c) a finished run trains no further, and a stopped epoch is no reason to lose the place.
 * - `over`: with its other arguments it is over already: (c).
 * - `other`: it trains on with other arguments, and must be the real one's resumed run but for (a), (f), and the first learning rate.
 */
export const kind = (run: Fresh): "same" | "over" | "other" => {
  const changed = Object.keys(run.resume_args!)
  const again = changed.includes("ignore_data_skip") && !Number.isInteger(line(run).epoch)
  if (!again && changed.every((name) => name === "ignore_data_skip")) return "same"
  return cut(run) >= (run.resolved.max_steps as number) ? "over" : "other"
}

/** What ours must have left of a run that is `same` or `other`, or was not resumed. */
export const expected = (run: Fresh): Left => {
  if (run.args.save_strategy === "best") return { ...run, events: withBest(run.events) } // (e)
  if (run.resumed_from === undefined) return run
  const { epoch, step } = line(run)
  const owed = [line(run, "on_epoch_begin"), line(run, "on_epoch_end")]
  if (kind(run) === "other")
    return owes(run) && Number.isInteger(epoch) ? { ...run, events: run.events.toSpliced(1, 0, ...owed) } : run
  const first = run.first!
  const on = first.events.slice(saved(run) + 1)
  const limited = run.args.save_total_limit !== undefined
  const rest = limited ? on : on.map((line) => ({ ...line, ...everything(first, line) }))
  const begin = [{ event: "on_train_begin", step, epoch }, ...(owes(run) ? [owed[0]!] : [])]
  return { ...first, events: [...begin, ...rest], learning_rates: first.learning_rates.slice(step) }
}

/**
 * The log and the last weights that ours must have.
 *
 * - (e): `save_strategy` "best" records the best checkpoint, and so it can be loaded at the end.
 * - A stream that ends inside an accumulation: its rest makes no update there or here. The real one keeps the rest's gradients and adds them to those of the
 *   next update; ours starts that one from nothing, as after every other update.
 */
export const outcome = (run: Fresh): { readonly log: Log; readonly weights: Weights } => {
  const { events, final_weights, trainer_state } = expected(run)
  const best = events.at(-1)!.best_model_checkpoint?.slice(checkpoint.length)
  const loaded = best === undefined ? undefined : run.saved_weights?.[best]
  return {
    log: run.whole?.log_history ?? trainer_state.log_history!,
    weights: loaded ?? run.whole?.final_weights ?? final_weights
  }
}

/** (f) Undone: the steps of the arguments before, which the real one reads in the checkpoint. */
export const withOldSteps = (run: Fresh): Fresh => {
  if (run.resumed_from === undefined || kind(run) !== "other") return run
  const { logging_steps, eval_steps, save_steps } = run.resolved
  return { ...run, resume_args: { ...run.resume_args, logging_steps, eval_steps, save_steps } }
}

/** Whether the real one, resumed with the same arguments, is the rest of the run before too: nothing is owed, something is left, no epoch was stopped. */
export const resumesWell = (run: Fresh): boolean =>
  !(owes(run) && Number.isInteger(line(run).epoch)) &&
  cut(run) < run.first!.trainer_state.global_step &&
  run.user_callback?.sets !== "should_epoch_stop"

/** Whether the epoch of the checkpoint has not ended. */
const owes = (run: Fresh): boolean =>
  run.first!.events.slice(saved(run)).find(({ event }) => event.startsWith("on_epoch_"))?.event === "on_epoch_end"

const saved = (run: Fresh): number =>
  run.first!.events.findLastIndex(({ event, step }) => event === "on_save" && step === cut(run))

/** An event where the checkpoint was made. */
const line = (run: Fresh, event = "on_train_begin"): Line => {
  const { epoch, step } = run.first!.events[saved(run)]!
  return { event, step, epoch }
}

/** What stands on disk where nothing is taken away: all that the run before left. */
const everything = (first: Left, line: Line): Partial<Line> =>
  line.checkpoints_on_disk === undefined ? {} : { checkpoints_on_disk: first.checkpoints_on_disk_after_train }
