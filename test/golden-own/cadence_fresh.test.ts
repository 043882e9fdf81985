/** 200 random runs of the real Trainer, planned and trained: exactly, or by exactly the deliberate difference. */
import "@tensorflow/tfjs-backend-cpu"
import { describe, expect, it } from "@effect/vitest"
import { Effect } from "effect"
import type { Line } from "../../src/cli/PlanTimeline.ts"
import type { Scalars } from "../../src/Layer/Logger/Logger.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { type Change, drive } from "../golden/Driven.ts"
import { plan } from "../golden/Recorded.ts"
import { cut, expected, type Fresh, kind, outcome, resumesWell, rows, runs, toCase, withOldSteps } from "./Fresh.ts"

const failed = runs.filter((run) => run.hf_error !== undefined)
const ended = runs.filter((run) => run.hf_error === undefined)
const over = ended.filter((run) => run.resumed_from !== undefined && kind(run) === "over")
const judged = ended.filter((run) => !over.includes(run))
const isOther = (run: Fresh) => run.resumed_from !== undefined && kind(run) === "other"

/** The recordings have fewer fields, and begin with the training. */
const bare = (events: ReadonlyArray<Line>) =>
  events.slice(1).map(({ metric_keys: _metrics, eval_score: _score, ...line }) => line)

const close = (found: number | null | undefined, expected: number, tolerance: number, what: string) =>
  expect(Math.abs((found ?? Number.NaN) - expected), `${what}: ${found} for ${expected}`).toBeLessThanOrEqual(tolerance)

/** The learning rate of the first update here and there: where other arguments change the schedule, the real one's is the old one's. */
const firstRates = (run: Fresh) => {
  const { resume_args, resumed_from: _from, user_callback: _callback, ...whole } = run
  const uninterrupted = plan(toCase({ ...whole, args: { ...run.args, ...resume_args } }))
  return { ours: uninterrupted.learning_rates[cut(run)]!, theirs: run.learning_rates[0]! }
}

it("has all 200 runs, of every kind", () => {
  expect(runs.length).toBe(200)
  const resumed = ended.filter((run) => run.resumed_from !== undefined)
  const counts = ["same", "over", "other"].map((wanted) => resumed.filter((run) => kind(run) === wanted).length)
  for (const count of [failed.length, ...counts]) expect(count).toBeGreaterThanOrEqual(4)
})

it.each(failed)("$name fails there; here it is a typed error before the first step", (run) => {
  const causes: ReadonlyArray<readonly [theirs: RegExp, ours: RegExp]> = [
    [/endless/, /would end without an update/], // (d)
    [/KeyError.*metric_for_best_model/, /which no evaluation gives/],
    [/ZeroDivisionError/, /nothing to fall over/] // (k)
  ]
  const cause = causes.find(([theirs]) => theirs.test(run.hf_error!))
  expect(cause, run.hf_error).toBeDefined()
  expect(() => plan(toCase(run))).toThrow(cause![1])
})

it.each(over)("$name is finished, and does not train further (difference c)", (run) => {
  const ours = plan(toCase(run))
  const ignored = new Set(["on_log", "on_prediction_step", "on_evaluate", "on_save"]) // events that the pending end of an epoch may cause
  const names = ours.events.map(({ event }) => event).filter((name) => !ignored.has(name))
  const owed = ["on_epoch_begin", "on_epoch_end"].filter((name) => names.includes(name))
  expect(names).toEqual(["on_init_end", "on_train_begin", ...owed, "on_train_end"])
  expect(ours.learning_rates).toEqual([])
  expect(ours.events.at(-1)).toMatchObject({ step: cut(run), flags: ["training_stop"] })
})

const well = judged.filter((run) => run.resumed_from !== undefined && kind(run) === "same" && resumesWell(run))
it.each(well)("$name: the real one resumes to the rest of the run before, as ours does", (run) => {
  expect(run.events).toEqual(expected(run).events)
  expect(run.learning_rates).toEqual(expected(run).learning_rates)
})

describe.each(judged)("$name", (run) => {
  const wanted = expected(run)

  it("has the same events, checkpoints, best and end", () => {
    const ours = plan(toCase(withOldSteps(run)))
    expect(bare(ours.events)).toEqual(wanted.events)
    expect(ours.checkpoints_on_disk_after_train).toEqual(wanted.checkpoints_on_disk_after_train)
    expect(ours.best_metric).toBe(wanted.trainer_state.best_metric)
    expect(ours.best_global_step).toBe(wanted.events.at(-1)!.best_global_step)
    expect([ours.events.at(-1)!.step, ours.events.at(-1)!.epoch]).toEqual([
      wanted.trainer_state.global_step,
      wanted.trainer_state.epoch
    ])
    expect(ours.max_steps).toBe(run.resolved.max_steps)
  })

  it("has the same learning rate at each update", () => {
    const rates = plan(toCase(run)).learning_rates
    const theirs = isOther(run) ? wanted.learning_rates.with(0, firstRates(run).ours) : wanted.learning_rates
    expect(rates.length).toBe(theirs.length)
    for (const [update, rate] of theirs.entries())
      close(rates[update], rate, 1e-12 * (run.args.learning_rate as number), `the learning rate of update ${update}`)
  })
})

describe("new steps of a resumed run count from its first update on (f)", () => {
  const flags = { logging_steps: "log", eval_steps: "evaluate", save_steps: "save" } as const
  const changed = judged.filter(isOther).flatMap((run) =>
    Object.entries(flags).flatMap(([name, flag]) => {
      const given = { ...run.args, ...run.resume_args }
      const strategy = given[name.replace("steps", "strategy")]
      return run.resume_args![name] === undefined || strategy !== "steps"
        ? []
        : [{ name: run.name, run, flag, given, every: given[name] as number }]
    })
  )

  it.each(changed)("$name: $flag", ({ every, flag, given, run }) => {
    const ours = plan(toCase(run))
    for (const { event, flags = [], step } of ours.events) {
      if (event !== "on_step_end") continue
      const delay = flag === "evaluate" ? (given.eval_delay as number) : 0
      const asked = run.user_callback?.on_step_end_at_step === step && run.user_callback.sets === `should_${flag}`
      const last = flag === "save" && step === ours.max_steps
      expect(flags.includes(flag), `step ${step}`).toBe((step % every === 0 && step >= delay) || asked || last)
    }
  })
})

describe("driver", () => {
  /** A resumed run with other arguments makes its first update at the old schedule's rate there. With that, and no other change, ours is theirs. */
  const oldRate = (run: Fresh): Change =>
    isOther(run)
      ? (plan) => ({
          ...plan,
          learningRate: (state, horizon) => (state.step === cut(run) ? firstRates(run).theirs : plan.learningRate(state, horizon))
        })
      : (plan) => plan

  const tolerances: ReadonlyArray<readonly [name: RegExp, tolerance: number]> = [
    [/^loss$/, 1e-4], // rounded to four decimals
    [/^grad_norm$/, 1e-4],
    [/^learning_rate$/, 1e-12],
    [/^train_loss$/, 1e-6],
    [/^eval_(.+_)?loss$/, 1e-6]
  ]

  const sameLog = (history: ReadonlyArray<Scalars>, run: Fresh, log: ReadonlyArray<Readonly<Record<string, number>>>) => {
    const ours = history.map(({ epoch, step, values }): Readonly<Record<string, number>> => ({ ...values, epoch, step }))
    const keys = (log: ReadonlyArray<object>) => log.map((entry) => Object.keys(entry).sort())
    expect(keys(ours)).toEqual(keys(log))
    for (const [index, entry] of log.entries())
      for (const [name, value] of Object.entries(entry)) {
        // (b): theirs forgets the losses before the cut
        if (isOther(run) && entry.step! > cut(run) && /^(train_)?loss$/.test(name)) continue
        const tolerance = tolerances.find(([names]) => names.test(name))?.[1] ?? 0
        close(ours[index]![name], value, tolerance * Math.max(1, Math.abs(value)), `${name} of step ${entry.step}`)
      }
  }

  it.effect.each(judged)("$name", (run) =>
    Effect.gen(function* () {
      const wanted = expected(run)
      const tensors = tf.memory().numTensors
      const { last } = yield* drive(toCase(withOldSteps(run)), oldRate(run), rows)
      expect(tf.memory().numTensors).toBe(tensors)
      const best = (line: Line, index: number): Line => {
        const theirs = wanted.events[index]?.best_metric
        const same = typeof theirs === "number" && Math.abs((line.best_metric ?? Number.NaN) - theirs) <= 1e-6 * theirs
        return same ? { ...line, best_metric: theirs } : line
      }
      expect(bare(last.events).map(best)).toEqual(wanted.events)
      expect(last.checkpoints).toEqual(wanted.checkpoints_on_disk_after_train)
      const { log, weights } = outcome(run)
      sameLog(last.history, run, log)
      const theirs = [...weights["lin.weight"].flat(), ...weights["lin.bias"]]
      const ours = [...last.parameters["lin.weight"]!.data, ...last.parameters["lin.bias"]!.data]
      for (const [index, value] of theirs.entries()) close(ours[index], value, 1e-6, `weight ${index}`)
    })
  )
})
