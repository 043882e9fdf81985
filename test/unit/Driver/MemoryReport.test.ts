import { readFileSync } from "node:fs"
import { expect, it } from "@effect/vitest"
import { Effect, Exit } from "effect"
import * as MemoryReport from "../../../src/Driver/MemoryReport.ts"
import * as MemoryUsage from "../../../src/Layer/MemoryUsage.ts"

const { memory: golden } = JSON.parse(readFileSync(new URL("../../golden/metrics_naming.json", import.meta.url), "utf8")) as {
  readonly memory: Readonly<Record<"train" | "evaluate" | "predict", Readonly<Record<string, number>>>>
}
const recorded = (stage: keyof typeof golden) => Object.keys(golden[stage]).filter((name) => name.includes("_mem_"))

const usages = MemoryUsage.test([
  { begin: 1000, end: 1010, peak: 1015 },
  { begin: 1010, end: 1000, peak: 1040 },
  { begin: 1000, end: 1000, peak: 1000 },
  { begin: 1000, end: 1007, peak: 1007 }
])

const stage = (report: MemoryReport.MemoryReport, name: MemoryReport.Stage) =>
  Effect.scoped(Effect.flatMap(report.begin(name), (end) => end))

it.effect("gives the recorded values, with those of init in the first stage", () =>
  Effect.gen(function* () {
    const report = yield* MemoryReport.make
    expect(yield* stage(report, "init")).toEqual({})
    const train = yield* stage(report, "train")
    const evaluation = yield* stage(report, "eval")
    const prediction = yield* stage(report, "test")
    expect([train, evaluation, prediction].map((figures) => Object.keys(figures))).toEqual([
      recorded("train"),
      recorded("evaluate"),
      recorded("predict")
    ])
    expect(train).toEqual({
      init_mem_cpu_alloc_delta: 10,
      init_mem_cpu_peaked_delta: 5,
      train_mem_cpu_alloc_delta: -10,
      train_mem_cpu_peaked_delta: 40,
      before_init_mem_cpu: 1000
    })
    expect(evaluation).toEqual({ eval_mem_cpu_alloc_delta: 0, eval_mem_cpu_peaked_delta: 0 })
    expect(prediction).toEqual({ test_mem_cpu_alloc_delta: 7, test_mem_cpu_peaked_delta: 0 })
  }).pipe(Effect.provide(usages))
)

it.effect("gives the values of init with an evaluation, if it is the first stage", () =>
  Effect.gen(function* () {
    const report = yield* MemoryReport.make
    yield* stage(report, "init")
    expect(Object.keys(yield* stage(report, "eval"))).toContain("before_init_mem_cpu")
    expect(Object.keys(yield* stage(report, "train"))).toEqual(["train_mem_cpu_alloc_delta", "train_mem_cpu_peaked_delta"])
  }).pipe(Effect.provide(usages))
)

it.effect("counts nested stages as part of the outer stage, and reports once", () =>
  Effect.gen(function* () {
    const report = yield* MemoryReport.make
    yield* stage(report, "init")
    const end = yield* report.begin("train")
    expect(yield* stage(report, "eval")).toEqual({})
    expect(yield* stage(report, "train")).toEqual({})
    const train = yield* end
    expect(train).toMatchObject({ before_init_mem_cpu: 1000, train_mem_cpu_alloc_delta: -10, train_mem_cpu_peaked_delta: 40 })
    expect(yield* end).toEqual(train)
    expect(yield* stage(report, "eval")).toEqual({ eval_mem_cpu_alloc_delta: 0, eval_mem_cpu_peaked_delta: 0 })
  }).pipe(Effect.scoped, Effect.provide(usages))
)

it.effect("ends a failed stage, and reports init with the next", () =>
  Effect.gen(function* () {
    const report = yield* MemoryReport.make
    yield* stage(report, "init")
    const failed = yield* Effect.exit(Effect.scoped(Effect.andThen(report.begin("train"), Effect.fail("no"))))
    expect(Exit.isFailure(failed)).toBe(true)
    expect(yield* stage(report, "eval")).toEqual({
      init_mem_cpu_alloc_delta: 10,
      init_mem_cpu_peaked_delta: 5,
      eval_mem_cpu_alloc_delta: 0,
      eval_mem_cpu_peaked_delta: 0,
      before_init_mem_cpu: 1000
    })
  }).pipe(Effect.provide(usages))
)

it.effect("measures init once, also after another stage", () =>
  Effect.gen(function* () {
    const report = yield* MemoryReport.make
    expect(Object.keys(yield* stage(report, "train"))).toEqual(["train_mem_cpu_alloc_delta", "train_mem_cpu_peaked_delta"])
    yield* stage(report, "init")
    yield* stage(report, "init")
    const { before_init_mem_cpu, ...evaluation } = yield* stage(report, "eval")
    expect(before_init_mem_cpu).toBe(1010)
    expect(evaluation).toMatchObject({ init_mem_cpu_peaked_delta: 40, eval_mem_cpu_alloc_delta: 0 })
  }).pipe(Effect.provide(usages))
)

it.live("measures the memory of the process while a stage is open", () =>
  Effect.gen(function* () {
    const figures = yield* stage(yield* MemoryReport.live, "train")
    expect(Object.keys(figures)).toEqual(["train_mem_cpu_alloc_delta", "train_mem_cpu_peaked_delta"])
  })
)
