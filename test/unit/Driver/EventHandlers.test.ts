/** What a run logs and reports at its events, by a clock that advances by a second per update. */
import { expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Layer } from "effect"
import { TestClock } from "effect/testing"
import type { Options } from "../../../src/Driver/RunOptions.ts"
import type { TrainingTask } from "../../../src/Driver/TrainingTask.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { type Entry, Logger, type Progress } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

/** The rows have three elements of `x`, the tokens. */
const task = (more: Partial<TrainingTask> = {}) =>
  Effect.map(
    Tiny.task({ size: 12, sets: ["eval"] }),
    (task): TrainingTask => ({
      ...task,
      model: { ...task.model, mainInput: "x", floatingPointOps: () => 7 },
      ...more
    })
  )

const plan = (maxSteps: number, given: Partial<Plan.Plan> = {}): Plan.Plan => ({
  ...Plan.make({
    horizon: Horizon.make({ maxSteps, batchesPerEpoch: 6 }),
    learningRate: () => 0.05,
    log: Trigger.every(2),
    evaluate: Trigger.never,
    save: Trigger.never
  }),
  ...given
})

/** Runs a plan and gives its entries, progress, messages and outcome. */
const run = (of: TrainingTask, by: Plan.Plan, options: Options = {}, store = Tiny.store()) =>
  Effect.gen(function* () {
    const entries: Array<Entry> = []
    const progress: Array<Progress> = []
    const messages: Array<string> = []
    const logger = Layer.succeed(Logger, {
      log: (entry) => Effect.sync(() => void entries.push(entry)),
      progress: (done) => void progress.push(done),
      flush: Effect.void
    })
    const listener = EffectLogger.layer([EffectLogger.make(({ message }) => void messages.push(String(message)))])
    const timed: Options = { ...options, observe: { StepEnded: () => Effect.as(TestClock.adjust("1 second"), []) } }
    const outcome = yield* Trainer.train(of, by, timed).pipe(
      Effect.result,
      Effect.provide(Layer.mergeAll(Cpu.layer, Tiny.optimizer, store.layer, logger, listener), { local: true })
    )
    const scalars = entries.flatMap((entry) => (entry._tag === "Scalars" ? [entry] : []))
    const texts = entries.flatMap((entry) => (entry._tag === "Text" ? [entry.text] : []))
    return { entries, scalars, texts, progress, messages, outcome, store }
  })

it.effect("counts samples, steps and tokens of this attempt for the speeds, and of the whole run for the totals", () =>
  Effect.gen(function* () {
    const counting: Options = { inputTokens: "all", tokensPerSecond: true }
    const first = yield* run(yield* task(), plan(2, { save: Trigger.every(2) }), counting)
    const { scalars } = yield* run(yield* task(), plan(5), counting, first.store)
    expect(scalars.map(({ step, kind, values, clock }) => ({ step, kind, tokens: values.num_input_tokens_seen, clock }))).toEqual(
      [
        { step: 4, kind: "train", tokens: 24, clock: expect.objectContaining({ train_tokens_per_second: 6 }) },
        {
          step: 5,
          kind: "summary",
          tokens: 30,
          clock: expect.objectContaining({
            train_runtime: 3,
            train_samples_per_second: 2,
            train_steps_per_second: 1,
            train_tokens_per_second: 6
          })
        }
      ]
    )
    expect(scalars.at(-1)?.values.total_flos).toBe(35)
    const quiet = yield* run(yield* task(), plan(2))
    for (const { clock, values } of quiet.scalars) {
      expect(values).not.toHaveProperty("num_input_tokens_seen")
      expect(clock).not.toHaveProperty("train_tokens_per_second")
    }
  })
)

it.effect("logs the mean loss since the last log, and that of the whole run at its end", () =>
  Effect.gen(function* () {
    const losses = Effect.fnUntraced(function* (log: Trigger.Trigger) {
      const { scalars } = yield* run(yield* task(), plan(5, { log }))
      return scalars.map(({ values }) => values.loss ?? values.train_loss ?? Number.NaN)
    })
    const each = yield* losses(Trigger.every(1))
    const pairs = yield* losses(Trigger.every(2))
    const mean = (from: number, to: number) => each.slice(from, to).reduce((sum, loss) => sum + loss, 0) / (to - from)
    for (const [index, expected] of [mean(0, 2), mean(2, 4), mean(0, 5)].entries()) expect(pairs[index]).toBeCloseTo(expected, 5)
    expect(each.at(-1)).toBeCloseTo(mean(0, 5), 5)
    const none = yield* run(yield* task(), plan(0))
    expect(none.scalars.map(({ values }) => values.train_loss)).toEqual([0])
  })
)

it.effect("logs the gradient norm where gradients are clipped", () =>
  Effect.gen(function* () {
    for (const [maxGradNorm, logged] of [
      [1, true],
      [0, false]
    ] as const) {
      const { scalars } = yield* run(yield* task({ maxGradNorm }), plan(2))
      expect("grad_norm" in scalars[0]!.values).toBe(logged)
    }
  })
)

it.effect("reports the progress of training and evaluation, and the configuration", () =>
  Effect.gen(function* () {
    const by = plan(2, { sets: ["eval"], evaluate: Trigger.every(2) })
    const { entries, progress } = yield* run(yield* task(), by, { config: { mine: 1 } })
    const { horizon } = by
    expect(progress.filter(({ phase }) => phase === "train")).toMatchObject([
      { horizon, state: { step: 1 } },
      { horizon, state: { step: 2 } }
    ])
    expect(progress.filter(({ phase }) => phase === "eval").at(-1)).toMatchObject({
      horizon,
      state: { step: 2 },
      done: 3,
      total: 3,
      set: "eval"
    })
    expect(entries.filter(({ _tag }) => _tag === "Config")).toMatchObject([{ config: { mine: 1 } }])
  })
)

it.effect("restores the best weights, unless they are the last or cannot be loaded", () =>
  Effect.gen(function* () {
    const saving = { save: Trigger.every(1), restoreBest: true }
    const to = (best: number) => plan(3, { ...saving, best: ({ step }) => (step >= best ? best : null) })
    const last = yield* run(yield* task(), to(3))
    const best = yield* run(yield* task(), to(2))
    const weights = ({ outcome }: typeof last) => outcome._tag === "Success" && outcome.success.weights.parameters
    expect(last.texts).toEqual(["Best: step 3; the last weights are the best."])
    expect(best.texts).toEqual(["Best: step 2; the weights of checkpoint-2 were put back."])
    expect(weights(last)).toEqual(last.store.kept.get(3)?.weights.parameters)
    expect(weights(best)).toEqual(best.store.kept.get(2)?.weights.parameters)
    expect(weights(best)).not.toEqual(weights(last))
    const off = yield* run(yield* task(), { ...to(2), restoreBest: false })
    expect([off.texts, weights(off)]).toEqual([[], weights(last)])
  })
)

it.effect("saves and logs nothing about a run that fails before its first update", () =>
  Effect.gen(function* () {
    const whole = yield* task()
    let reads = 0
    const batch: TrainingTask["train"]["batch"] = (epoch, index) => {
      reads++
      return reads > 1 ? Effect.die(new Error("the network is down")) : whole.train.batch(epoch, index)
    }
    const { messages, outcome, store } = yield* run({ ...whole, train: { ...whole.train, batch } }, plan(3))
    expect(outcome).toMatchObject({ failure: { _tag: "LoaderFailed", epoch: 0, batch: 0, reason: "the network is down" } })
    expect([messages, store.done]).toEqual([[], []])
  })
)

it.effect("names no checkpoint where there is none, and logs an onInterrupt that fails", () =>
  Effect.gen(function* () {
    const whole = yield* task()
    let calls = 0
    const apply: TrainingTask["model"]["apply"] = (...given) => {
      const result = whole.model.apply(...given)
      return ++calls > 3 ? { ...result, loss: { ...result.loss!, sum: tf.mul(result.loss!.sum, Number.NaN) } } : result
    }
    const broken = () => ({ ...whole, model: { ...whole.model, apply } })
    const { messages, store } = yield* run(broken(), plan(6, { log: Trigger.every(1) }))
    expect(messages).toEqual([
      expect.stringMatching(/^The run ended after step \d\. Its state was not saved; there is no checkpoint\.$/)
    ])
    expect(store.done).toEqual([])
    calls = 0
    const failing = yield* run(broken(), plan(6, { log: Trigger.every(1) }), { onInterrupt: () => Effect.die("mine") })
    expect(failing.messages.map((message) => message.split(",")[0])).toEqual(["onInterrupt failed."])
  })
)

it.effect("gives the state during the run and at its end", () =>
  Effect.gen(function* () {
    let state: () => { readonly step: number } = () => ({ step: -1 })
    let logged: () => ReadonlyArray<unknown> = () => []
    const steps: Array<number> = []
    const { outcome } = yield* run(yield* task(), plan(2), {
      onStart: (opened) =>
        Effect.sync(() => {
          ;({ state, history: logged } = opened)
          steps.push(state().step)
        }),
      onEnd: () => Effect.sync(() => void steps.push(state().step))
    })
    expect(outcome._tag).toBe("Success")
    expect([steps, logged().length]).toEqual([[0, 2], 2])
  })
)

it.effect("ends an epoch of unknown length at its last batch, without an incomplete update, and fails if it has no update", () =>
  Effect.gen(function* () {
    const whole = yield* task()
    const stream = (batches: number): TrainingTask => {
      const batch: TrainingTask["train"]["batch"] = (epoch, index) =>
        index < batches ? whole.train.batch(epoch, index) : Effect.undefined
      return { ...whole, train: { ...whole.train, batchesPerEpoch: Infinity, batch } }
    }
    const horizon = Horizon.make({ maxSteps: 3, batchesPerEpoch: Infinity, accumulation: 2 })
    const { outcome } = yield* run(stream(3), plan(3, { horizon }))
    expect(outcome).toMatchObject({ success: { state: { step: 3, samples: 12, position: { epoch: 2 } } } })
    const stalled = yield* run(stream(1), plan(3, { horizon }))
    expect(stalled.outcome).toMatchObject({ failure: { _tag: "Stalled", epoch: 0, step: 0, accumulation: 2 } })
  })
)
