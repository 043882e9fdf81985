/** An entry as a line: unknown metrics are omitted, and columns are aligned. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Console from "../../../../src/Layer/Logger/Console.ts"
import * as EntryLine from "../../../../src/Layer/Logger/EntryLine.ts"
import { Logger, type Scalars } from "../../../../src/Layer/Logger/Logger.ts"
import { config, evaluation, summary, train } from "../../../../src/Testing/SampleEntries.ts"
import * as VirtualTerminal from "./virtualTerminal.ts"

const idle: Scalars = {
  ...summary(100),
  values: { total_flos: 0, train_loss: 0.5 },
  clock: { train_runtime: 0.01, train_samples_per_second: 0, train_steps_per_second: NaN }
}

it("omits speeds of zero and operations that were not counted", () => {
  expect(EntryLine.render(idle)).toBe("step    100  epoch  1.00  summary  loss 0.5000  10ms")
  const worked = { ...idle, values: { total_flos: 2e9 }, clock: { train_steps_per_second: 4 } }
  expect(EntryLine.render(worked)).toBe("step    100  epoch  1.00  summary  flos 2.000e+09  4.00 steps/s")
})

it("fits a hundred columns and aligns equal fields", () => {
  const clock = (per: number) => ({ eval_runtime: 9 / per, eval_samples_per_second: per, eval_steps_per_second: per / 8 })
  const found = { eval_loss: 0.6959, eval_accuracy: 0.39, eval_f1: 0.5612 }
  const lines = [
    ...[95, 1110.2].map((per): Scalars => ({ ...evaluation(20, 1), values: found, clock: clock(per) })),
    ...[9e-4, 0.0019, 0.001789, 0].map(
      (rate): Scalars => ({ ...train(20, 1), values: { loss: 0.5, grad_norm: 0.25, learning_rate: rate } })
    ),
    {
      ...summary(200),
      values: { total_flos: 2_515_671_936, train_loss: 0.5816 },
      clock: { train_runtime: 13, train_samples_per_second: 144, train_steps_per_second: 9.01 }
    }
  ].map((entry) => EntryLine.render(entry))
  expect(lines).toEqual([
    "step     20  epoch  0.20  eval     loss 0.6959  accuracy 0.3900  f1 0.5612   95ms   95.0 samples/s",
    "step     20  epoch  0.20  eval     loss 0.6959  accuracy 0.3900  f1 0.5612    8ms  1,110 samples/s",
    "step     20  epoch  0.20  train    loss 0.5000  grad_norm 0.2500  learning_rate 9.000e-04",
    "step     20  epoch  0.20  train    loss 0.5000  grad_norm 0.2500  learning_rate 1.900e-03",
    "step     20  epoch  0.20  train    loss 0.5000  grad_norm 0.2500  learning_rate 1.789e-03",
    "step     20  epoch  0.20  train    loss 0.5000  grad_norm 0.2500  learning_rate 0.000e+00",
    "step    200  epoch  2.00  summary  flos 2.516e+09  loss 0.5816  13s  144 samples/s  9.01 steps/s"
  ])
  const settings = Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`argument_${i}`, [i, "some text"]]))
  const wrapped = EntryLine.render(config({ ...settings, nothing: null, nested: { a: 1 } })).split("\n")
  expect(wrapped[0]).toBe("step      0  epoch  0.00  config   argument_0=0,some text  argument_1=1,some text")
  expect(wrapped.at(-1)).toMatch(/^ {4}.*nested=\{…\}$/)
  for (const line of [...lines, ...wrapped]) expect(line.length).toBeLessThanOrEqual(100)
})

it("breaks a value that is longer than the line, and loses nothing of it", () => {
  const name = "x".repeat(250)
  const onScreen = EntryLine.render(config({ name }), 60)
  for (const line of onScreen.split("\n")) expect(line.length).toBeLessThanOrEqual(60)
  expect(onScreen.replaceAll(/\s/g, "")).toContain(`name=${name}`)
  expect(EntryLine.render(config({ name }))).toContain(name) // a file has no width
  expect(EntryLine.text(name, 60).replaceAll(/\s/g, "")).toBe(name)
})

it("an entry without a run has no title", () => {
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
    expect(first).toMatch(/^step {6}0 /)
    expect(title).toBe("run run")
    expect(rest.map((line) => line.indexOf("loss"))).toEqual([35, 41, 41, 41])
  })
)
