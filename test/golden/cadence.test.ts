/** Every recorded configuration of the real Trainer, through the `plan` command's pure part: exactly, or by exactly the deliberate difference. */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Compile from "../../src/Arguments/Compile.ts"
import type { Line } from "../../src/cli/PlanTimeline.ts"
import { plan, type Recorded, read, withBest } from "./Recorded.ts"

const golden = read<{
  readonly configs: ReadonlyArray<Recorded>
  readonly training_arguments_errors: ReadonlyArray<{
    readonly args: Readonly<Record<string, unknown>>
    readonly result: "accepted" | { readonly error: string; readonly names: ReadonlyArray<string> }
  }>
  readonly trainer_errors: ReadonlyArray<{ readonly case: string }>
}>("cadence.json")

/** The deliberate differences in the timeline (DESIGN.md, section 1): from the real events to ours. */
const differences: Readonly<Record<string, (events: ReadonlyArray<Line>) => ReadonlyArray<Line>>> = {
  // (a) a checkpoint made at the last step of an epoch owes the epoch's end
  resume_ga: ([init, begin, ...rest]) => [
    init!,
    begin!,
    { event: "on_epoch_begin", step: 3, epoch: 1 },
    { event: "on_epoch_end", step: 3, epoch: 1 },
    ...rest
  ],
  // (e) the best step and its checkpoint are recorded
  save_best: withBest,
  save_best_load_best: withBest
}

it("has all 64 configurations", () => {
  expect(golden.configs.length).toBe(64)
})

describe.each(golden.configs.map((config) => [config.name, config] as const))("%s", (name, config) => {
  const expected = differences[name]?.(config.events) ?? config.events
  const args = { ...config.args, ...config.resume_args }

  it("has the same events, checkpoints and best", () => {
    const ours = plan(config)
    expect(ours.events).toEqual(expected)
    expect(ours.checkpoints_on_disk_after_train).toEqual(config.checkpoints_on_disk_after_train)
    expect(ours.best_metric).toBe(config.trainer_state.best_metric)
    expect(ours.best_global_step).toBe(name in differences ? expected.at(-1)!.best_global_step : config.trainer_state.best_global_step)
    expect(ours.unknown).toEqual([])
    const last = ours.events.at(-1)!
    expect([last.step, last.epoch]).toEqual([config.trainer_state.global_step, config.trainer_state.epoch])
    expect(last.best_model_checkpoint).toBe(expected.at(-1)!.best_model_checkpoint)
  })

  it("resolves the same steps and horizon", () => {
    const parsed = Result.getOrThrow(Result.flatMap(Arguments.fromJson(args), ({ input }) => Arguments.make(input)))
    const batch = parsed.perDeviceTrainBatchSize
    const batches = parsed.dataloaderDropLast ? Math.floor(config.train_size / batch) : Math.ceil(config.train_size / batch)
    const { evalSteps, horizon, loggingSteps, saveSteps } = Compile.resolve(parsed, {
      batchesPerEpoch: config.dataset === "iterable" ? Infinity : batches
    })
    const aim = Arguments.goal(parsed)
    const ours = plan(config)
    const endless = config.resolved["num_train_epochs"] === 2 ** 63
    expect(ours.max_steps).toBe(config.resolved["max_steps"])
    expect(ours.num_train_epochs).toBe(endless ? null : config.resolved["num_train_epochs"])
    expect(horizon.maxSteps).toBe(config.resolved["max_steps"])
    expect([loggingSteps, evalSteps, saveSteps]).toEqual(
      ["logging_steps", "eval_steps", "save_steps"].map((name) => config.resolved[name])
    )
    expect(aim === null ? null : aim.mode === "max").toBe(config.resolved["greater_is_better"])
    const metric = config.resolved["metric_for_best_model"] as string | null
    expect(aim?.metric ?? null).toBe(metric === null || metric.startsWith("eval_") ? metric : `eval_${metric}`)
    expect(parsed.evalSteps).toBe(config.args["eval_steps"] ?? null)
  })

  it("logs the same learning rates", () => {
    const ours = plan(config)
    const steps = ours.events.filter((line) => line.event === "on_step_end").map((line) => line.step)
    expect(ours.learning_rates.length).toBe(steps.length)
    const logged = config.trainer_state.log_history!.filter((entry) => "learning_rate" in entry && entry["step"]! >= steps[0]!)
    for (const entry of logged) {
      const rate = ours.learning_rates[steps.indexOf(entry["step"]!)]!
      expect(Math.abs(rate - entry["learning_rate"]!)).toBeLessThanOrEqual(1e-12 * entry["learning_rate"]!)
    }
  })
})

describe("training_arguments_errors", () => {
  const ours = (args: Readonly<Record<string, unknown>>) =>
    Result.flatMap(Arguments.fromJson(args), ({ input }) => Arguments.make(input))

  /** (k): refused before step 0, because it can only fail later. */
  const refused = new Set([JSON.stringify({ per_device_train_batch_size: 0 }), JSON.stringify({ learning_rate: -1 })])
  /** (j): a removed spelling is read, with a word on it. */
  const read = JSON.stringify({ evaluation_strategy: "steps" })

  it.each(golden.training_arguments_errors.map((row) => [JSON.stringify(row.args), row] as const))(
    "%s",
    (written, { args, result }) => {
      const made = ours(args)
      if (refused.has(written)) {
        expect(result).toBe("accepted")
        expect(Result.isFailure(made) && made.failure._tag).toBe("InvalidArgument")
        return
      }
      if (written === read) {
        expect(Result.getOrThrow(made).evalStrategy).toBe("steps")
        expect(Result.getOrThrow(Arguments.fromJson(args)).warnings).toEqual(["evaluation_strategy is called eval_strategy now."])
        return
      }
      if (result === "accepted") {
        expect(Result.isSuccess(made)).toBe(true)
        return
      }
      const error = Result.getOrThrow(Result.flip(made))
      for (const name of result.names) expect(error.message).toContain(name)
      const named = Object.keys(args).some((name) => error.message.includes(name))
      expect(named, error.message).toBe(true)
    }
  )
})

describe("trainer_errors", () => {
  const base = { args: {}, train_size: 4, eval_size: 2 }
  const error = (given: object) => {
    try {
      plan(given)
    } catch (error) {
      return (error as { readonly _tag: string; readonly message: string })
    }
    return undefined
  }
  const cases: Readonly<Record<string, readonly [given: object, tag: string, says: string]>> = {
    "eval_strategy='steps' without eval_dataset": [
      { args: { eval_strategy: "steps" }, train_size: 4 },
      "ContradictoryArguments",
      "eval_strategy"
    ],
    "save_strategy='best' without metric_for_best_model": [
      { ...base, args: { save_strategy: "best", eval_strategy: "epoch" } },
      "ContradictoryArguments",
      "metric_for_best_model"
    ],
    "iterable without max_steps": [{ ...base, dataset: "iterable" }, "ContradictoryArguments", "max_steps"],
    "metric_for_best_model not among the metrics": [
      { ...base, args: { eval_strategy: "epoch", metric_for_best_model: "accuracy" }, scripted_eval_score: [1] },
      "MetricNotProduced",
      "eval_score"
    ],
    "early stopping without metric_for_best_model": [
      { ...base, args: { eval_strategy: "epoch" }, early_stopping: { patience: 1, threshold: 0 } },
      "ContradictoryArguments",
      "metric_for_best_model"
    ]
  }

  it.each(Object.entries(cases))("%s", (name, [given, tag, says]) => {
    expect(golden.trainer_errors.map((row) => row.case)).toContain(name)
    expect(error(given)?._tag).toBe(tag)
    expect(error(given)?.message).toContain(says)
  })
})
