/** Memory figures for the metrics of a trainer's stages. **Unit**: bytes. */
import { Context, Effect, Layer, type Scope } from "effect"
import { live as liveMemory, Memory, type Usage } from "../Layer/MemoryUsage.ts"

/** What is reported on, by the prefix of its figures: the trainer's making, and each training, evaluation and prediction. */
export type Stage = "init" | "train" | "eval" | "test"

type Figures = Readonly<Record<string, number>>

export interface MemoryReport {
  /**
   * Begins a stage, and gives the effect that ends it and reports. A stage within another is part of that one: its report is empty. It ends with the
   * scope at the latest. What comes after the first `init` is no making: such a stage is empty.
   */
  readonly begin: (stage: Stage) => Effect.Effect<Effect.Effect<Figures>, never, Scope.Scope>
}

/** Names a stage's figures. **Source**: `alloc_delta` is end minus begin, and may be negative; `peaked_delta` is what was taken on top and freed again. */
export const figures = (stage: Stage, { begin, end, peak }: Usage): Figures => ({
  [`${stage}_mem_cpu_alloc_delta`]: end - begin,
  [`${stage}_mem_cpu_peaked_delta`]: Math.max(0, peak - end)
})

/**
 * Makes the report of one trainer. The figures of `init` are given with those of the first stage after it, once.
 *
 * **Source**: `TrainerMemoryTracker` (`skip_memory_metrics`: false). Of a device's own memory there are no figures.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Effect } from "effect"
 * import { MemoryReport, MemoryUsage } from "regimen"
 *
 * const program = Effect.gen(function* () {
 *   const report = yield* MemoryReport.make
 *   return yield* yield* report.begin("train")
 * })
 * const memory = MemoryUsage.test([{ begin: 100, end: 90, peak: 120 }])
 * assert.deepEqual(await Effect.runPromise(Effect.provide(Effect.scoped(program), memory)), {
 *   train_mem_cpu_alloc_delta: -10,
 *   train_mem_cpu_peaked_delta: 30
 * })
 * ```
 */
export const make: Effect.Effect<MemoryReport, never, Memory> = Effect.map(Memory, ({ watch }) => of(watch))

/** Makes the report of one trainer on `MemoryUsage.live`, which is there only while a stage is open. */
export const live: Effect.Effect<MemoryReport> = Effect.sync(() =>
  of(Effect.flatMap(Layer.build(liveMemory), (context) => Context.get(context, Memory).watch))
)

const of = (watch: Effect.Effect<Effect.Effect<Usage>, never, Scope.Scope>): MemoryReport => {
  let open = false
  let made = false
  let init: Usage | undefined // not reported yet
  const report = (stage: Stage, usage: Usage): Figures => {
    if (stage === "init") {
      init = usage
      return {}
    }
    const first = init === undefined ? {} : figures("init", init)
    const before = init === undefined ? {} : { before_init_mem_cpu: init.begin }
    init = undefined
    return { ...first, ...figures(stage, usage), ...before }
  }
  /** Ends once, however often it is asked to. */
  const opened = Effect.suspend(() => {
    open = true
    const close = Effect.sync(() => {
      open = false
    })
    return Effect.flatMap(watch, (stop) => Effect.cached(Effect.tap(stop, close)))
  })
  return {
    begin: Effect.fnUntraced(function* (stage) {
      if (open || (made && stage === "init")) return Effect.succeed({})
      made ||= stage === "init"
      const ended = yield* Effect.acquireRelease(opened, (ended) => ended)
      return yield* Effect.cached(Effect.map(ended, (usage) => report(stage, usage)))
    })
  }
}
