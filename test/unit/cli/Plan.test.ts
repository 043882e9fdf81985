import { describe, expect, it } from "vitest"
import * as Plan from "../../../src/cli/Plan.ts"
import { read } from "../../golden/Recorded.ts"

const base = { args: { num_train_epochs: 2, per_device_train_batch_size: 4 }, train_size: 20, eval_size: 4 }
const json = (cases: unknown) => Plan.render(JSON.stringify(cases), { json: true, columns: 80 })
const one = (given: object) => JSON.parse(json({ ...base, ...given }).stdout)
const refused = (given: unknown) => {
  const printed = json(given)
  expect([printed.stdout, printed.exitCode]).toEqual(["", 2])
  return JSON.parse(printed.stderr).error as { readonly _tag: string; readonly message: string }
}

describe("with --json", () => {
  it("prints one object for one case", () => {
    const outcome = one({})
    expect(Object.keys(outcome)).toEqual([
      ...["events", "learning_rates", "max_steps", "num_train_epochs", "checkpoints_on_disk_after_train"],
      ...["best_metric", "best_global_step", "unknown"]
    ])
    expect(outcome.learning_rates.length).toBe(10)
    expect(outcome.num_train_epochs).toBe(2)
    expect(outcome.checkpoints_on_disk_after_train).toEqual(["checkpoint-10"])
  })

  it("prints one array for an array, with errors in their places", () => {
    const { exitCode, stderr, stdout } = json([base, { ...base, args: { load_best_model_at_end: true } }, base, 3])
    const [first, second, third, fourth] = JSON.parse(stdout)
    expect([stderr, exitCode]).toEqual(["", 0])
    expect(first).toEqual(third)
    expect(Object.keys(second)).toEqual(["error"])
    expect(second.error._tag).toBe("ContradictoryArguments")
    expect(fourth.error._tag).toBe("InvalidCase")
    expect(json([]).stdout).toBe("[]")
  })

  it("prints null for epochs without an end", () => {
    expect(one({ dataset: "iterable", args: { max_steps: 3 } }).num_train_epochs).toBeNull()
  })

  it("drops no batch of a stream, which has no length", () => {
    const args = { max_steps: 8, per_device_train_batch_size: 5, per_device_eval_batch_size: 2, dataloader_drop_last: true }
    const epochs = one({ dataset: "iterable", train_size: 19, args }).events.filter(
      (line: { event: string }) => line.event === "on_epoch_end"
    )
    expect(epochs.map((line: { step: number }) => line.step)).toEqual([4, 8])
  })

  it("logs no gradient norm where nothing is clipped", () => {
    const logged = (max_grad_norm: number) =>
      one({ args: { logging_steps: 1, max_grad_norm } }).events.find((line: { event: string }) => line.event === "on_log")
    expect(logged(1).log_keys).toEqual(["loss", "grad_norm", "learning_rate", "epoch"])
    expect(logged(0).log_keys).toEqual(["loss", "learning_rate", "epoch"])
  })

  it("prints the error of a case that is alone to standard error, with exit code 2", () => {
    expect(refused({ ...base, args: { load_best_model_at_end: true } })._tag).toBe("ContradictoryArguments")
    expect(refused({ ...base, args: { learning_rat: 1 } })).toEqual({
      _tag: "UnknownArgument",
      message: "There is no argument learning_rat. Did you mean learning_rate?"
    })
    expect(refused({ ...base, args: { learning_rate: "1" } })._tag).toBe("InvalidArgument")
    expect(refused({ ...base, evalsize: 3 }).message).toBe("A case has no field evalsize. Did you mean eval_size?")
    expect(refused({ ...base, train_size: "many" }).message).toContain("train_size")
    expect(refused({ ...base, user_callback: { on_step_end_at_step: 1, sets: "should_dance" } }).message).toContain("should_save")
    expect(refused({ ...base, scripted_eval_loss: [] }).message).toContain("scripted_eval_loss")
    expect(refused(null)._tag).toBe("InvalidCase")
    expect(refused({ ...base, train_size: 0 }).message).toContain("An epoch has no batch")
    expect(refused({ ...base, args: { eval_strategy: "epoch" }, eval_size: 0 }).message).toContain(
      "Evaluation set eval has no batch"
    )
    expect(refused({ ...base, dataset: "iterable", args: { max_steps: 9, gradient_accumulation_steps: 9 } })._tag).toBe("Stalled")
    expect(Plan.render("{", { json: true, columns: 80 }).exitCode).toBe(2)
  })

  it("prints the resumed part of a resumed run", () => {
    const given = { args: { ...base.args, save_steps: 4 }, resumed_from: "run/checkpoint-4", resume_args: { logging_steps: 1 } }
    const outcome = one(given)
    expect(outcome.learning_rates.length).toBe(6)
    expect(outcome.learning_rates).toEqual(one({ args: base.args }).learning_rates.slice(4))
    expect(outcome.events.filter(({ event }: { event: string }) => event === "on_log").length).toBe(7)
    expect(refused({ ...base, ...given, resumed_from: "checkpoint-5" }).message).toBe(
      "The run has no checkpoint at step 5 to resume from: it saves at 4, 8, 10."
    )
    expect(refused({ ...base, resume_args: {}, args: { save_strategy: "no" } }).message).toContain("it saves none")
  })
})

describe("a metric that was not given", () => {
  const args = { ...base.args, eval_strategy: "epoch", save_strategy: "epoch", load_best_model_at_end: true }

  it("leaves what depends on it null, and lists it", () => {
    const outcome = one({ args })
    expect([outcome.best_metric, outcome.best_global_step]).toEqual([null, null])
    expect(outcome.unknown).toEqual(["best_metric", "best_global_step"])
    expect(outcome.checkpoints_on_disk_after_train).toEqual(["checkpoint-5", "checkpoint-10"])
  })

  it("hides what is on disk only once something had to go", () => {
    const outcome = one({ args: { ...args, save_total_limit: 1 } })
    const disks = outcome.events.flatMap((line: object) => ("checkpoints_on_disk" in line ? [line.checkpoints_on_disk] : []))
    expect(disks).toEqual([["checkpoint-5"], null, null])
    expect(outcome.checkpoints_on_disk_after_train).toBeNull()
    expect(outcome.unknown).toEqual(["events", "checkpoints_on_disk_after_train", "best_metric", "best_global_step"])
  })

  it("leaves learning rates null from the first evaluation on where they follow it", () => {
    const outcome = one({ args: { ...args, lr_scheduler_type: "reduce_lr_on_plateau", learning_rate: 1 } })
    expect(outcome.learning_rates).toEqual([1, 1, 1, 1, 1, null, null, null, null, null])
    expect(outcome.unknown).toContain("learning_rates")
  })

  it("says that early stopping could have changed the timeline", () => {
    expect(one({ args, early_stopping: { patience: 1 } }).unknown).toContain("events")
  })

  it("is no unknown but an error where no evaluation can give it", () => {
    expect(refused({ ...base, args, eval_size: { a: 2, b: 2 } }).message).toBe(
      "metric_for_best_model asks for eval_loss, which no evaluation gives. There are: eval_a_loss, eval_b_loss."
    )
    const named = { ...args, metric_for_best_model: "accuracy" }
    expect(refused({ ...base, args: named, scripted_eval_score: [1] })._tag).toBe("MetricNotProduced")
    expect(one({ args: named }).unknown).toContain("best_metric")
  })

  it("is filled in by a script, whose last value is repeated", () => {
    const outcome = one({ args, scripted_eval_loss: [0.5] })
    expect([outcome.best_metric, outcome.best_global_step, outcome.unknown]).toEqual([0.5, 5, []])
  })
})

describe("without --json", () => {
  const configs = read<{ readonly configs: ReadonlyArray<{ readonly name: string }> }>("cadence.json").configs

  it.each([30, 60, 80, 200])("fits %i columns, and 80 at most, without control characters", (columns) => {
    const { exitCode, stdout } = Plan.render(JSON.stringify(configs), { json: false, columns })
    expect(exitCode).toBe(0)
    for (const config of configs) expect(stdout).toContain(`# ${config.name}`)
    expect(stdout).not.toMatch(/[^\P{Cc}\n]/u)
    if (columns >= 60) for (const line of stdout.split("\n")) expect(line.length, line).toBeLessThanOrEqual(Math.min(80, columns))
  })

  it("shows the timeline and the learning rate", () => {
    const { stdout } = Plan.render(JSON.stringify({ ...base, args: { ...base.args, save_steps: 5 } }), {
      json: false,
      columns: 60
    })
    expect(stdout).toContain("10 steps, 2 epochs\non disk afterwards:")
    expect(stdout.split("\n").slice(0, 4)).toEqual([
      "step  epoch  what                   on disk",
      "────  ─────  ─────────────────────  ───────",
      "   5      1  save, epoch ends       5",
      "  10      2  save, epoch ends, end  5 10"
    ])
    expect(stdout).toContain("learning rate")
    expect(stdout).toContain("on disk afterwards: checkpoint-5 checkpoint-10")
  })

  it("prints a refusal as a sentence", () => {
    expect(Plan.render(JSON.stringify({ ...base, train_size: 0 }), { json: false, columns: 80 }).stderr).toMatch(
      /^ContradictoryArguments: An epoch has no batch\./
    )
  })
})
