/** What the `plan` command prints for a case: the run's timeline, its learning rates, and how it ends. */

import { Result, Schema } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Compile from "../Arguments/Compile.ts"
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import { defined } from "../Defined.ts"
import * as Plan from "../Schedule/Plan.ts"
import * as Schedule from "../Schedule/Schedule.ts"
import * as State from "../TrainerState.ts"
import type { Case, InvalidCase } from "./PlanCase.ts"
import * as Timeline from "./PlanTimeline.ts"

/** A public contract: these names and shapes stay. */
export interface Outcome {
  readonly events: ReadonlyArray<Timeline.Line>
  /** One for each update of this (resumed) run; null where it depends on a metric that was not given. */
  readonly learning_rates: ReadonlyArray<number | null>
  readonly max_steps: number
  /** Null where only `max_steps` ends the run. */
  readonly num_train_epochs: number | null
  readonly checkpoints_on_disk_after_train: ReadonlyArray<string> | null
  readonly best_metric: number | null
  readonly best_global_step: number | null
  /** What is null, or could come out otherwise, because a metric was not given. */
  readonly unknown: ReadonlyArray<string>
}

/** A decision waits for a metric that no evaluation gives. */
export class MetricNotProduced extends Schema.TaggedError<MetricNotProduced>()("MetricNotProduced", {
  metric: Schema.String,
  available: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `metric_for_best_model asks for ${this.metric}, which no evaluation gives. There are: ${this.available.join(", ")}.`
  }
}

/** The checkpoint to go on from is not one that the run leaves. */
export class CheckpointNotFound extends Schema.TaggedError<CheckpointNotFound>()("CheckpointNotFound", {
  step: Schema.UndefinedOr(Schema.Number),
  saved: Schema.Array(Schema.Number)
}) {
  override get message(): string {
    const saved = this.saved.length === 0 ? "it saves none" : `it saves at ${this.saved.join(", ")}`
    return `The run has no checkpoint${this.step === undefined ? "" : ` at step ${this.step}`} to resume from: ${saved}.`
  }
}

export type PlanError =
  | InvalidCase
  | Arguments.ArgumentsError
  | MetricNotProduced
  | CheckpointNotFound
  | Plan.Stalled
  | Plan.PlanFailed

/** Plays a case; of a resumed run the resumed part. */
export const make = (given: Case): Result.Result<Outcome, PlanError> =>
  Result.gen(function* () {
    const first = yield* prepare(given, given.args)
    if (given.resume === undefined) return outcome(shown(first), State.initial, yield* Plan.simulate(first.plan, first.script))
    const before = yield* Plan.simulate(first.plan, first.script)
    const saves = before.events.filter((event) => event._tag === "Saved")
    const from = saves.findLast(({ state }) => given.resume?.from === undefined || state.step === given.resume.from)
    if (from === undefined)
      return yield* Result.fail(
        new CheckpointNotFound({ step: given.resume.from, saved: [...new Set(saves.map(({ state }) => state.step))] })
      )
    const { args } = given.resume
    const second = yield* prepare(given, args)
    const start = Plan.resume(from.state, { checkpoints: before.state.checkpoints, ignoreDataSkip: args.ignoreDataSkip })
    return outcome(shown(second), start, yield* Plan.simulate(second.plan, second.script, start))
  })

/** Simulates the plan of a program from its start. `batches` of an evaluation set; the results of evaluations are unknown. */
export const fromPlan = (
  args: Arguments.Arguments,
  plan: Plan.Plan,
  batches: (set: string) => number
): Result.Result<Outcome, Plan.Stalled | Plan.PlanFailed> =>
  Result.map(Plan.simulate(plan), (simulation) =>
    outcome(
      { args, plan, batches, requests: {}, scored: false, decides: args.saveStrategy === "best" },
      State.initial,
      simulation
    )
  )

interface Prepared {
  readonly given: Case
  readonly args: Arguments.Arguments
  readonly plan: Plan.Plan
  readonly script: Plan.Script & { readonly requests: Plan.Observed }
}

const prepare = (given: Case, args: Arguments.Arguments): Result.Result<Prepared, PlanError> =>
  Result.gen(function* () {
    // the Trainer's loader drops nothing of a stream
    const whole = given.streams ? { ...args, dataloaderDropLast: false } : args
    const batches = batchesOf(whole, given.trainSize, Arguments.trainBatchSize(args))
    const plan = yield* Compile.plan(args, {
      batchesPerEpoch: given.streams ? Infinity : batches,
      sets: given.sets.map((set) => set.name),
      ...defined({ earlyStopping: given.earlyStopping })
    })
    for (const { name, size } of given.sets)
      if (batchesOf(args, size, Arguments.evalBatchSize(args)) === 0)
        return yield* Result.fail(
          new Arguments.ContradictoryArguments({
            names: ["per_device_eval_batch_size", "dataloader_drop_last"],
            reason: `Evaluation set ${name} has no batch. Give it more rows, or lower per_device_eval_batch_size, or set dataloader_drop_last to false.`
          })
        )
    yield* produced(given, plan)
    const script = {
      ...(given.streams ? { batches: () => batches } : {}),
      metrics: (set: string, evaluation: number) => metricsOf(given, set, evaluation),
      requests: {
        StepEnded: ({ state }: Plan.EventOf<"StepEnded">) => (given.callback?.step === state.step ? [given.callback.request] : [])
      }
    }
    return { given, args, plan, script }
  })

const batchesOf = (args: Arguments.Arguments, rows: number, batchSize: number): number =>
  args.dataloaderDropLast ? Math.floor(rows / batchSize) : Math.ceil(rows / batchSize)

/** Every metric that is known to come out of an evaluation must cover what the plan watches; scores that were not scripted may be anything. */
const produced = (given: Case, plan: Plan.Plan): Result.Result<void, MetricNotProduced> => {
  const available = given.sets.flatMap(({ name }) => [`${name}_loss`, ...(given.scores === undefined ? [] : [`${name}_score`])])
  const missing = plan.watches.find(
    (metric) => !available.includes(metric) && (given.scores !== undefined || metric.endsWith("loss"))
  )
  return missing === undefined ? Result.succeed(undefined) : Result.fail(new MetricNotProduced({ metric: missing, available }))
}

const metricsOf = ({ losses, scores, sets }: Case, set: string, evaluation: number): Plan.Metrics => {
  const call = evaluation * sets.length + sets.findIndex(({ name }) => name === set)
  const at = (script: ReadonlyArray<number>) => script[Math.min(call, script.length - 1)]!
  return {
    ...(losses === undefined ? {} : { [`${set}_loss`]: at(losses) }),
    ...(scores === undefined ? {} : { [`${set}_score`]: at(scores) })
  }
}

/** A plan, and what its outcome must know beside it. */
interface Shown {
  readonly args: Arguments.Arguments
  readonly plan: Plan.Plan
  readonly requests: Plan.Observed
  readonly batches: (set: string) => number
  readonly scored: boolean
  /** Whether a metric can change the timeline. */
  readonly decides: boolean
}

const shown = ({ args, given, plan, script }: Prepared): Shown => ({
  args,
  plan,
  requests: script.requests,
  batches: (set) => batchesOf(args, given.sets.find(({ name }) => name === set)?.size ?? 0, Arguments.evalBatchSize(args)),
  scored: given.scores !== undefined,
  decides: given.earlyStopping !== undefined || args.saveStrategy === "best"
})

const outcome = (
  { args, batches, decides, plan, requests, scored }: Shown,
  start: State.TrainerState,
  { events, state }: Plan.Simulation
): Outcome => {
  const goal = Arguments.goal(args)
  const best = goal === null ? Schedule.constant(null) : Schedule.best(goal)
  const blind = State.fold(
    false,
    (blind, { initial, metrics }) => blind || (goal !== null && !initial && metrics[goal.metric] === undefined)
  )
  const isBlind = (at: State.TrainerState) => blind(at.evaluations)
  const limit = (args.saveTotalLimit ?? 0) > 0 ? args.saveTotalLimit! : Infinity
  const tracked = args.saveStrategy !== "no"
  const saved = new Set(start.checkpoints)

  const ends = (at: State.TrainerState) => {
    const dark = isBlind(at)
    const newest = at.checkpoints.at(-1)
    if (newest !== undefined) saved.add(newest)
    // while there is room for all, what stays does not depend on the best
    const hidden = dark && tracked && (saved.size > limit || args.saveStrategy === "best")
    return {
      checkpoints: hidden ? null : at.checkpoints,
      metric: dark ? null : (best(at, plan.horizon)?.metric ?? null),
      step: dark ? null : plan.best(at, plan.horizon),
      checkpoint: dark ? null : at.bestCheckpoint
    }
  }
  const lines = Timeline.fromEvents(events, {
    requests,
    batches,
    scored,
    clips: args.maxGradNorm > 0,
    outputDir: args.outputDir,
    ends
  })
  const last = ends(state)
  const rates = events.flatMap((event) =>
    event._tag === "Updating"
      ? [
          args.lrSchedulerType === "reduce_lr_on_plateau" && isBlind(event.state)
            ? null
            : plan.learningRate(event.state, plan.horizon)
        ]
      : []
  )
  return {
    events: lines,
    learning_rates: rates,
    max_steps: plan.horizon.maxSteps,
    num_train_epochs: Number.isFinite(plan.horizon.epochs) ? plan.horizon.epochs : null,
    checkpoints_on_disk_after_train: last.checkpoints?.map(CheckpointName.make) ?? null,
    best_metric: last.metric,
    best_global_step: last.step,
    unknown: isBlind(state)
      ? [
          ...(decides || lines.some((line) => line.checkpoints_on_disk === null) ? ["events"] : []),
          ...(rates.includes(null) ? ["learning_rates"] : []),
          ...(last.checkpoints === null ? ["checkpoints_on_disk_after_train"] : []),
          "best_metric",
          ...(tracked ? ["best_global_step"] : [])
        ]
      : []
  }
}
