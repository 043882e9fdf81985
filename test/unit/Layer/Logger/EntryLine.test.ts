/** An entry as a line: what nobody knows is left out, and columns stay columns. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Console from "../../../../src/Layer/Logger/Console.ts"
import * as EntryLine from "../../../../src/Layer/Logger/EntryLine.ts"
import { Logger, type Scalars } from "../../../../src/Layer/Logger/Logger.ts"
import { evaluation, summary, train } from "./entries.ts"
import * as VirtualTerminal from "./virtualTerminal.ts"

const idle: Scalars = {
  ...summary(100),
  values: { total_flos: 0, train_loss: 0.5 },
  clock: { train_runtime: 0.01, train_samples_per_second: 0, train_steps_per_second: NaN }
}

it("speeds of nothing, and operations that nobody counted, are left out", () => {
  expect(EntryLine.render(idle)).toBe("step     100  epoch   1.00  summary  loss 0.5000     10ms")
  const worked = { ...idle, values: { total_flos: 2e9 }, clock: { train_steps_per_second: 4 } }
  expect(EntryLine.render(worked)).toBe("step     100  epoch   1.00  summary  total_flos 2,000,000,000  4.00 steps/s")
})

it("what is no run's has no title", () => {
  expect(EntryLine.title(idle)).toBe("run run")
  expect(EntryLine.title({ ...idle, attempt: 2 })).toBe("run run, attempt 2")
  expect(EntryLine.title({ ...idle, run: "" })).toBe("")
})

it.effect("lines are aligned from a long name of a set on, and an evaluation before any run has no title", () =>
  Effect.gen(function* () {
    const terminal = VirtualTerminal.make({ isTerminal: false, columns: 80 })
    yield* Effect.gen(function* () {
      const logger = yield* Logger
      yield* logger.log({ ...evaluation(0, 1), run: "" })
      yield* logger.log(train(10, 1))
      yield* logger.log(evaluation(10, 1, "eval_balanced"))
      yield* logger.log(train(20, 1))
      yield* logger.log({ ...evaluation(20, 1), run: "" })
      yield* logger.flush
    }).pipe(Effect.provide(Console.layer.pipe(Layer.provide(terminal.layer))))
    const [first, title, ...rest] = terminal.lines().slice(0, -1)
    expect(first).toMatch(/^step {7}0 /)
    expect(title).toBe("run run")
    expect(rest.map((line) => line.indexOf("loss"))).toEqual([37, 43, 43, 43])
  })
)
