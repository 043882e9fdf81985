/** Every learning rate that the real schedulers gave. */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Compile from "../../src/Arguments/Compile.ts"
import { schedulers } from "../../src/Arguments/Fields.ts"
import * as Scheduler from "../../src/Arguments/Scheduler.ts"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import * as State from "../../src/TrainerState.ts"
import { read } from "./Recorded.ts"

type Kwargs = Readonly<Record<string, unknown>> | null

const golden = read<{
  readonly scheduler_types: ReadonlyArray<Scheduler.Scheduler>
  readonly cases: ReadonlyArray<{
    readonly scheduler: Scheduler.Scheduler
    readonly num_training_steps: number
    readonly num_warmup_steps: number
    readonly base_lr: number
    readonly kwargs: Kwargs
    readonly lrs: ReadonlyArray<number>
    readonly error?: string
  }>
  readonly two_param_groups_cosine_warmup3_total12: {
    readonly base_lrs: ReadonlyArray<number>
    readonly lrs: ReadonlyArray<ReadonlyArray<number>>
  }
  readonly reduce_lr_on_plateau: ReadonlyArray<{
    readonly kwargs: Kwargs
    readonly base_lr: number
    readonly metrics: ReadonlyArray<number>
    readonly lrs: ReadonlyArray<number>
  }>
  readonly warmup_steps: ReadonlyArray<{
    readonly num_training_steps: number
    readonly warmup_steps: number
    readonly warmup_ratio: number
    readonly get_warmup_steps: number
  }>
  readonly errors: ReadonlyArray<{
    readonly scheduler: string
    readonly kwargs: Kwargs
    readonly num_warmup_steps: number | null
    readonly num_training_steps: number | null
    readonly result: string
  }>
}>("lr_schedules.json")

const horizon = Horizon.make({ maxSteps: 1, batchesPerEpoch: 1 })
const given = (peak: number, warmup: number, total: number) => ({ peak, warmup, total, metric: "eval_loss" })
const at = (step: number) => ({ ...State.initial, step })

/** 1e-12 relative; for cosines, of the base. */
const close = (ours: number, theirs: number, scale: number) => Math.abs(ours - theirs) <= 1e-12 * scale

it("supports every scheduler", () => {
  expect([...schedulers].sort()).toEqual([...golden.scheduler_types].sort())
})

describe("cases", () => {
  it.each(golden.cases.map((row) => [`${row.scheduler} ${JSON.stringify(row.kwargs)} ${row.num_warmup_steps} of ${row.num_training_steps}`, row] as const))(
    "%s",
    (_name, row) => {
      const made = Scheduler.make(row.scheduler, row.kwargs, given(row.base_lr, row.num_warmup_steps, row.num_training_steps))
      if (row.error !== undefined) {
        // divides by zero there; refused before step 0 here (k)
        expect(row.error).toContain("ZeroDivisionError")
        expect(Result.getOrThrow(Result.flip(made))._tag).toBe("ContradictoryArguments")
        return
      }
      const rate = Result.getOrThrow(made)
      const bends = row.scheduler.startsWith("cosine") || row.scheduler === "warmup_stable_decay"
      row.lrs.forEach((theirs, step) => {
        const ours = rate(at(step), horizon)
        expect(close(ours, theirs, bends ? row.base_lr : Math.abs(theirs)), `step ${step}: ${ours}, golden ${theirs}`).toBe(true)
      })
    }
  )

  it("follows two parameter groups", () => {
    const { base_lrs, lrs } = golden.two_param_groups_cosine_warmup3_total12
    const rates = base_lrs.map((peak) => Result.getOrThrow(Scheduler.make("cosine", null, given(peak, 3, 12))))
    lrs.forEach((row, step) => {
      row.forEach((theirs, group) => {
        expect(close(rates[group]!(at(step), horizon), theirs, base_lrs[group]!)).toBe(true)
      })
    })
  })
})

describe("reduce_lr_on_plateau", () => {
  it.each(golden.reduce_lr_on_plateau.map((row) => [JSON.stringify(row.kwargs), row] as const))("%s", (_name, row) => {
    const rate = Result.getOrThrow(Scheduler.make("reduce_lr_on_plateau", row.kwargs, given(row.base_lr, 0, 100)))
    let state = State.initial
    const rates = [rate(state, horizon)]
    for (const metric of row.metrics) {
      state = State.evaluated(state, { eval_loss: metric }, false)
      rates.push(rate(state, horizon))
    }
    expect(rates.length).toBe(row.lrs.length)
    rates.forEach((ours, i) => {
      expect(close(ours, row.lrs[i]!, row.lrs[i]!), `after ${i}: ${ours}, golden ${row.lrs[i]}`).toBe(true)
    })
  })
})

describe("warmup_steps", () => {
  it.each(golden.warmup_steps.map((row) => [JSON.stringify(row), row] as const))("%s", (_name, row) => {
    const args = Result.getOrThrow(
      Arguments.make({ maxSteps: row.num_training_steps, warmupSteps: row.warmup_steps, warmupRatio: row.warmup_ratio })
    )
    expect(Compile.resolve(args, { batchesPerEpoch: 7 }).warmupSteps).toBe(row.get_warmup_steps)
  })
})

describe("errors", () => {
  it.each(golden.errors.map((row) => [`${row.scheduler} ${JSON.stringify(row.kwargs)}: ${row.result}`, row] as const))("%s", (_name, row) => {
    if (row.num_warmup_steps === null || row.num_training_steps === null) {
      // the real one's figures are optional; ours are typed, and a plan always has them
      expect(row.result).toMatch(/requires|accepted/)
      return
    }
    const read = Arguments.fromJson({ lr_scheduler_type: row.scheduler, learning_rate: 0.001, ...(row.kwargs === null ? {} : { lr_scheduler_kwargs: row.kwargs }) })
    const made = Result.flatMap(Result.flatMap(read, ({ input }) => Arguments.make(input)), (args) =>
      Scheduler.make(args.lrSchedulerType, args.lrSchedulerKwargs, given(0.001, row.num_warmup_steps!, row.num_training_steps!))
    )
    if (row.result.startsWith("accepted")) expect(Result.isSuccess(made)).toBe(true)
    else expect(Result.getOrThrow(Result.flip(made)).message).toMatch(/lr_scheduler/)
  })
})
