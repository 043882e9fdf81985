import { describe, expect, it } from "@effect/vitest"
import { Effect, Exit, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Entry, Logger } from "../../../../src/Layer/Logger/Logger.ts"
import * as Progress from "../../../../src/Layer/Logger/Progress.ts"
import * as Horizon from "../../../../src/Schedule/Horizon.ts"
import { config, evaluation, figure, oneOfEach, summary, text, train } from "../../../../src/Testing/SampleEntries.ts"
import * as State from "../../../../src/TrainerState.ts"
import * as VirtualTerminal from "./virtualTerminal.ts"

const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 50 })
const at = (step: number) => ({ ...State.initial, step, epoch: step / 50 })

/** A run: 100 steps of 40 ms, an evaluation every 50. `stopAt` interrupts it. */
const run = (
  terminal: VirtualTerminal.VirtualTerminal,
  options: { readonly sets?: ReadonlyArray<string>; readonly stopAt?: number } = {}
) =>
  Effect.gen(function* () {
    const scope = yield* Scope.make()
    const logger = yield* Logger.pipe(
      Effect.provideContext(yield* Layer.buildWithScope(Progress.layer().pipe(Layer.provide(terminal.layer)), scope))
    )
    yield* logger.log(config({ seed: 1 }))
    for (let step = 1; step <= (options.stopAt ?? 100); step++) {
      yield* TestClock.adjust(40)
      logger.progress?.({ phase: "train", state: at(step), horizon })
      if (step % 10 === 0) yield* logger.log(train(step, 1 / step))
      if (step === 20)
        yield* logger.log(text(20, "Saved checkpoint-20 to a folder with a rather long name, so that it needs a second line"))
      if (step % 50 !== 0) continue
      for (const set of options.sets ?? ["eval"]) {
        for (let done = 1; done <= 4; done++) {
          yield* TestClock.adjust(60)
          logger.progress?.({ phase: "eval", state: at(step), horizon, set, done, total: 4 })
        }
        yield* logger.log(evaluation(step, 2 / step, set))
      }
    }
    if (options.stopAt === undefined) yield* logger.log(summary(100))
    yield* logger.flush
    yield* Scope.close(scope, options.stopAt === undefined ? Exit.void : Exit.interrupt(1))
  })

describe("progress on a terminal", () => {
  it.effect(
    "an evaluation that comes at once after the last step does not hide it, and one after the end has no training loss",
    () =>
      Effect.gen(function* () {
        const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
        yield* Effect.gen(function* () {
          const logger = yield* Logger
          yield* logger.log(train(10, 1))
          logger.progress?.({ phase: "train", state: at(50), horizon })
          yield* TestClock.adjust(200)
          logger.progress?.({ phase: "train", state: at(100), horizon })
          logger.progress?.({ phase: "eval", state: at(100), horizon, set: "eval", done: 1, total: 1 })
          yield* logger.log(evaluation(100, 1))
          yield* logger.log(summary(100))
          yield* logger.log(evaluation(100, 2))
          yield* logger.flush
        }).pipe(Effect.provide(Progress.layer().pipe(Layer.provide(terminal.layer))))
        const lines = terminal.lines()
        expect(lines.find((line) => line.startsWith("epoch"))).toContain("100/100")
        expect(lines.filter((line) => line.includes("train loss")).length).toBe(1)
      })
  )

  it.effect("leaves a table, the full bar and the summary", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      yield* run(terminal)
      expect(terminal.lines()).toEqual([
        "run run",
        "Saved checkpoint-20 to a folder with a rather long name, so that it needs a",
        "    second line",
        " step  epoch  set    train loss      loss  accuracy   time",
        "   50   0.50  eval       0.0200    0.0400    0.5000   1.3s",
        "  100   1.00  eval       0.0100    0.0200    0.5000   1.3s",
        expect.stringMatching(/^epoch 2\.00\/2 {2}━+ {2}100\/100 {2}100% {2}25\.\d steps\/s {2}loss 0\.0100 {2}lr 5e-05$/),
        "step    100  epoch  1.00  summary  loss 0.5000  1m05s  12.5 steps/s",
        ""
      ])
      expect(terminal.cursorVisible()).toBe(true)
    })
  )

  it.effect("shows an evaluation under the training, and takes it away", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      const layer = Progress.layer().pipe(Layer.provide(terminal.layer))
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        logger.progress?.({ phase: "train", state: at(50), horizon })
        yield* TestClock.adjust(200)
        logger.progress?.({ phase: "eval", state: at(50), horizon, set: "eval", done: 1, total: 4 })
        yield* TestClock.adjust(200)
        expect(terminal.lines().map((line) => line.split("  ")[0])).toEqual(["epoch 1.00/2", "eval"])
        expect(terminal.cursorVisible()).toBe(false)
        logger.progress?.({ phase: "train", state: at(51), horizon })
        yield* TestClock.adjust(200)
        expect(terminal.lines().map((line) => line.split("  ")[0])).toEqual(["epoch 1.02/2"])
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("takes the bar of a prediction away before anyone else writes, and shows the cursor", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        const look = { state: at(100), horizon, set: "test", total: 3 }
        logger.progress?.({ ...look, phase: "eval", done: 2 })
        yield* TestClock.adjust(200)
        expect(terminal.lines()[0]).toMatch(/^test /)
        expect(terminal.cursorVisible()).toBe(false)
        logger.progress?.({ ...look, phase: "idle" })
        yield* logger.flush
        expect(terminal.lines()).toEqual([""])
        expect(terminal.cursorVisible()).toBe(true)
      }).pipe(Effect.provide(Progress.layer().pipe(Layer.provide(terminal.layer))))
    })
  )

  it.effect("writes the titles again only when the columns change", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      yield* run(terminal, { sets: ["eval_a", "eval_b"] })
      expect(terminal.lines().filter((line) => line.includes("accuracy"))).toHaveLength(1)
      expect(terminal.lines().filter((line) => line.includes("eval_b"))).toHaveLength(2)
    })
  )

  it.effect("draws at most every 100 ms", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      const layer = Progress.layer().pipe(Layer.provide(terminal.layer))
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        for (let step = 1; step <= 1000; step++) {
          yield* TestClock.adjust(1)
          logger.progress?.({ phase: "train", state: at(step), horizon })
        }
      }).pipe(Effect.provide(layer))
      expect(terminal.bytes().split("\u001b[J").length - 1).toBeLessThanOrEqual(12)
    })
  )

  it.effect.each([40, 60, 80, 200])("is never wider than %d columns", (columns) =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns })
      yield* run(terminal, { sets: ["eval", "eval_with_a_long_name"] })
      expect(terminal.widest()).toBeLessThan(columns)
      expect(terminal.lines().join("\n")).toContain("accuracy")
    })
  )

  it.effect("the bar of a run that ended early has no time left, and a picture is not written", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        for (const step of [10, 20]) {
          logger.progress?.({ phase: "train", state: at(step), horizon })
          yield* TestClock.adjust(1000)
        }
        expect(terminal.lines().at(-1)).toContain("ETA 8s")
        yield* logger.log(summary(20))
        yield* logger.log(figure(20))
        yield* logger.flush
        expect(
          terminal
            .lines()
            .slice(1)
            .map((line) => line.slice(0, 13))
        ).toEqual(["epoch 0.40/2 ", "step     20  ", ""])
        expect(terminal.lines().join("\n")).not.toContain("ETA")
      }).pipe(Effect.provide(Progress.layer().pipe(Layer.provide(terminal.layer))))
    })
  )

  it.effect("follows a terminal that becomes narrower", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 120 })
      const layer = Progress.layer().pipe(Layer.provide(terminal.layer))
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        for (const [step, columns] of [120, 60].entries()) {
          terminal.resize(columns)
          logger.progress?.({ phase: "train", state: at(50 + step), horizon })
          yield* TestClock.adjust(200)
          expect(terminal.lines().at(-1)!.length).toBeLessThan(columns)
        }
      }).pipe(Effect.provide(layer))
    })
  )

  it.effect("shows the cursor again and keeps the bar when it is interrupted", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: true, columns: 80 })
      yield* run(terminal, { stopAt: 37 })
      expect(terminal.cursorVisible()).toBe(true)
      expect(terminal.lines().at(-2)).toMatch(/37\/100 .* steps\/s {2}loss 0\.0333/) // and no time is left
      expect(terminal.lines().at(-1)).toBe("")
    })
  )
})

describe("progress without a terminal", () => {
  it.effect("writes lines, and nothing that is not text", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: false })
      yield* run(terminal)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
      expect(terminal.bytes()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
      expect(terminal.bytes().split("\n").slice(0, 3)).toEqual([
        "run run",
        "step      0  epoch  0.00  config   seed=1",
        "step     10  epoch  0.10  train    loss 0.1000  learning_rate 5.000e-05"
      ])
      expect(terminal.bytes().split("\n")).toContain(
        "step     50  epoch  0.50  eval     loss 0.0400  accuracy 0.5000   1.3s    800 samples/s"
      )
      expect(terminal.bytes().endsWith("12.5 steps/s\n")).toBe(true)
    })
  )

  it.effect("keeps a text with control characters from doing anything", () =>
    Effect.gen(function* () {
      const terminal = VirtualTerminal.make({ isTerminal: false })
      const entries: ReadonlyArray<Entry> = [
        ...oneOfEach,
        text(1, "a\u001b[2Jb\r\nc"),
        { ...train(1, 1), values: { "\u001b[1mloss": 1 } }
      ]
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        yield* Effect.forEach(entries, logger.log)
      }).pipe(Effect.provide(Progress.layer().pipe(Layer.provide(terminal.layer))))
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
      expect(terminal.bytes()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
      expect(terminal.bytes().trimEnd().split("\n")).toHaveLength(entries.length) // a title, and no picture
    })
  )
})
