/** A case of the `plan` command: arguments, sizes, and a script of metrics and requests. Its fields are those of recorded runs. */
import { Result, Schema } from "effect"
import { nearest } from "../Arguments/ArgumentNames.ts"
import * as Arguments from "../Arguments/Arguments.ts"

const Recorded = Schema.optionalKey(Schema.Unknown)

/** What a callback of the user's may set at a step. */
export const requests = {
  should_save: "save",
  should_log: "log",
  should_evaluate: "evaluate",
  should_epoch_stop: "stopEpoch",
  should_training_stop: "stopRun"
} as const

const Requested = Schema.Literals(Object.keys(requests) as ReadonlyArray<keyof typeof requests>)
const Numbers = Schema.NonEmptyArray(Schema.Finite)
const LogHistory = Schema.Array(Schema.Record(Schema.String, Schema.Unknown))

const Written = Schema.Struct({
  name: Schema.optionalKey(Schema.String),
  args: Schema.Record(Schema.String, Schema.Unknown),
  /** Rows. */
  train_size: Schema.Natural,
  eval_size: Schema.optionalKey(Schema.Union([Schema.Natural, Schema.Record(Schema.String, Schema.Natural)])),
  dataset: Schema.optionalKey(Schema.Literals(["map", "iterable"])),
  /** One for each set of each evaluation, in order; the last is repeated. */
  scripted_eval_score: Schema.optionalKey(Numbers),
  scripted_eval_loss: Schema.optionalKey(Numbers),
  early_stopping: Schema.optionalKey(Schema.Struct({ patience: Schema.Natural, threshold: Schema.optionalKey(Schema.Finite) })),
  user_callback: Schema.optionalKey(Schema.Struct({ on_step_end_at_step: Schema.Natural, sets: Requested })),
  resumed_from: Schema.optionalKey(Schema.String.check(Schema.isPattern(/(^|[/-])\d+\/?$/))),
  resume_args: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
  /** A recorded run's state: its evaluation losses replace `scripted_eval_loss`. */
  trainer_state: Schema.optionalKey(Schema.Struct({ log_history: Schema.optionalKey(LogHistory) })),
  // what else a recording holds: read past
  events: Recorded,
  checkpoints_on_disk_after_train: Recorded,
  resolved: Recorded,
  final_weights: Recorded,
  uninterrupted_log_history: Recorded,
  uninterrupted_sample_order: Recorded,
  sample_order_read_after_resume: Recorded,
  hf_error: Recorded
})

export interface EvaluationSet {
  /** The prefix of its metrics. */
  readonly name: string
  readonly size: number
}

export interface Case {
  readonly args: Arguments.Arguments
  /** The run to go on with afterwards: with which arguments, from which step (the newest checkpoint where none is named). */
  readonly resume: { readonly args: Arguments.Arguments; readonly from: number | undefined } | undefined
  readonly trainSize: number
  readonly streams: boolean
  readonly sets: ReadonlyArray<EvaluationSet>
  readonly scores: ReadonlyArray<number> | undefined
  readonly losses: ReadonlyArray<number> | undefined
  readonly earlyStopping: { readonly patience: number; readonly threshold: number } | undefined
  readonly callback: { readonly step: number; readonly request: (typeof requests)[keyof typeof requests] } | undefined
}

export class InvalidCase extends Schema.TaggedError<InvalidCase>()("InvalidCase", { reason: Schema.String }) {
  override get message(): string {
    return this.reason
  }
}

/** Reads a case. **Errors**: fails with `InvalidCase` for a missing, unknown or wrong field, and with what is wrong in its arguments. */
export const decode = (json: unknown): Result.Result<Case, InvalidCase | Arguments.ArgumentsError> =>
  Result.gen(function* () {
    const written = yield* read(json)
    const args = yield* argumentsOf({ ...outputDir, ...written.args })
    const resumes = written.resumed_from !== undefined || written.resume_args !== undefined
    const sizes = written.eval_size ?? {}
    return {
      args,
      resume: resumes
        ? {
            args: yield* argumentsOf({ ...outputDir, ...written.args, ...written.resume_args }),
            from: written.resumed_from === undefined ? undefined : Number(/(\d+)\/?$/.exec(written.resumed_from)![1])
          }
        : undefined,
      trainSize: written.train_size,
      streams: written.dataset === "iterable",
      sets:
        typeof sizes === "number"
          ? [{ name: "eval", size: sizes }]
          : Object.entries(sizes).map(([name, size]) => ({ name: `eval_${name}`, size })),
      scores: written.scripted_eval_score,
      losses: written.scripted_eval_loss ?? recordedLosses(written.trainer_state?.log_history ?? []),
      earlyStopping:
        written.early_stopping === undefined
          ? undefined
          : { patience: written.early_stopping.patience, threshold: written.early_stopping.threshold ?? 0 },
      callback:
        written.user_callback === undefined
          ? undefined
          : { step: written.user_callback.on_step_end_at_step, request: requests[written.user_callback.sets] }
    }
  })

/** Where the recorded runs put their checkpoints. */
const outputDir = { output_dir: "run" }

const read = (json: unknown): Result.Result<typeof Written.Type, InvalidCase> => {
  const names = Object.keys(Written.fields)
  const unknown = typeof json === "object" && json !== null ? Object.keys(json).find((name) => !names.includes(name)) : undefined
  if (unknown !== undefined) {
    const meant = nearest(unknown, names)
    return Result.fail(
      new InvalidCase({ reason: `A case has no field ${unknown}.${meant === undefined ? "" : ` Did you mean ${meant}?`}` })
    )
  }
  return Result.mapError(
    Schema.decodeUnknownResult(Written)(json),
    (error) => new InvalidCase({ reason: `This is no case to plan: ${error.message.replaceAll(/\s+/g, " ")}.` })
  )
}

const argumentsOf = (json: unknown): Result.Result<Arguments.Arguments, Arguments.ArgumentsError> =>
  Result.flatMap(Arguments.fromJson(json), ({ input }) => Arguments.make(input))

/** Losses of evaluations in a recorded log, in order: `eval_loss`, or `eval_<set>_loss`. */
const recordedLosses = (history: typeof LogHistory.Type): ReadonlyArray<number> | undefined => {
  const losses = history.flatMap((entry) =>
    Object.entries(entry).flatMap(([key, value]) => (/^eval_(.+_)?loss$/.test(key) && typeof value === "number" ? [value] : []))
  )
  return losses.length === 0 ? undefined : losses
}
