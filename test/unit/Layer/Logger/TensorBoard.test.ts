import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Exit, FileSystem, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import { type Entry, Logger } from "../../../../src/Layer/Logger/Logger.ts"
import * as EntryEvents from "../../../../src/Layer/Logger/TensorBoard/EntryEvents.ts"
import * as Event from "../../../../src/Layer/Logger/TensorBoard/Event.ts"
import * as TfRecord from "../../../../src/Layer/Logger/TensorBoard/TfRecord.ts"
import * as TensorBoard from "../../../../src/Layer/Logger/TensorBoard.ts"
import { config, evaluation, figure, oneOfEach, summary, text, train } from "../../../../src/Testing/SampleEntries.ts"
import { limited } from "../../../support/faultyDisk.ts"

const root = mkdtempSync(join(tmpdir(), "regimen-tensorboard-"))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const fresh = () => join(root, String(folders++), "deep")

const write = (folder: string, entries: ReadonlyArray<Entry>) =>
  Effect.gen(function* () {
    const logger = yield* Logger
    yield* Effect.forEach(entries, logger.log, { discard: true })
  }).pipe(Effect.provide(TensorBoard.layer(folder), { local: true }))

const bytes = (folder: string) => readdirSync(folder).map((file) => readFileSync(join(folder, file)).toString("hex"))
const file = (entries: ReadonlyArray<Entry>, time = 0) =>
  [Event.version(time), ...entries.flatMap((entry) => EntryEvents.make(entry, time))]
    .map((event) => Buffer.from(TfRecord.frame(event)).toString("hex"))
    .join("")

describe("tensorboard", () => {
  it.effect("holds every entry after the scope closed, each time in a file of its own", () =>
    Effect.gen(function* () {
      const folder = fresh()
      yield* TestClock.adjust("1700000000250 millis")
      yield* write(folder, oneOfEach)
      yield* write(folder, [train(30, 0.5)])
      const start = "events.out.tfevents.1700000000.regimen"
      expect(readdirSync(folder)).toEqual([`${start}.0`, `${start}.1`])
      expect(bytes(folder)).toEqual([file(oneOfEach, 1700000000.25), file([train(30, 0.5)], 1700000000.25)])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("holds every entry after a flush, and one of when the entry was logged", () =>
    Effect.gen(function* () {
      const folder = fresh()
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        yield* logger.log(train(1, 1))
        yield* logger.flush
        expect(bytes(folder)).toEqual([file([train(1, 1)])])
        yield* TestClock.adjust("1500 millis")
        yield* logger.log(train(2, 1))
        yield* logger.flush
        const later = EntryEvents.make(train(2, 1), 1.5).map((event) => Buffer.from(TfRecord.frame(event)).toString("hex"))
        expect(bytes(folder)).toEqual([file([train(1, 1)]) + later.join("")])
      }).pipe(Effect.provide(TensorBoard.layer(folder)))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("a full disk is reported once; the events wait, and none is lost, torn or doubled once there is room", () =>
    Effect.gen(function* () {
      const folder = fresh()
      const real = yield* FileSystem.FileSystem
      const entries = ["one", "two", "three", "four"].map((words) => text(1, words))
      let room = file(entries.slice(0, 2)).length / 2 + 10
      const small = limited(real, () => room)
      const warnings: Array<string> = []
      const listener = EffectLogger.make(({ message }) => warnings.push(String(message)))
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        for (const entry of entries.slice(0, 3)) {
          yield* logger.log(entry)
          yield* logger.flush
        }
        expect(bytes(folder)).toEqual([expect.stringContaining(file(entries.slice(0, 2)))])
        room = 10_000
        yield* logger.log(entries[3]!)
        yield* logger.flush
      }).pipe(
        Effect.provide(TensorBoard.layer(folder).pipe(Layer.provide(Layer.succeed(FileSystem.FileSystem, small)))),
        Effect.provide(EffectLogger.layer([listener]))
      )
      expect(bytes(folder)).toEqual([file(entries)])
      expect(warnings).toHaveLength(1)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("a run that is interrupted loses no event", () =>
    Effect.gen(function* () {
      const folder = fresh()
      const entries = Array.from({ length: 500 }, (_, i) => train(i, i))
      const scope = yield* Scope.make()
      const context = yield* Layer.buildWithScope(TensorBoard.layer(folder), scope)
      const logger = yield* Logger.pipe(Effect.provideContext(context))
      for (const entry of entries) yield* logger.log(entry)
      yield* Scope.close(scope, Exit.interrupt(1))
      expect(bytes(folder)).toEqual([file(entries)])
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

describe("an entry's events", () => {
  const at = { time: 5, step: 20 }

  it("have the tags of Hugging Face's callback, and the epoch", () => {
    expect(EntryEvents.make(evaluation(20, 0.25), 5)).toEqual([
      Event.summary(at, [
        Event.scalar("eval/loss", 0.25),
        Event.scalar("eval/accuracy", 0.5),
        Event.scalar("eval/runtime", 1.25),
        Event.scalar("eval/samples_per_second", 800),
        Event.scalar("train/epoch", 0.2)
      ])
    ])
    expect(EntryEvents.make(summary(20), 5)).toEqual([
      Event.summary(at, [
        Event.scalar("train/train_loss", 0.5),
        Event.scalar("train/train_runtime", 65),
        Event.scalar("train/train_steps_per_second", 12.5),
        Event.scalar("train/epoch", 0.2)
      ])
    ])
    expect(["loss", "eval_a_loss", "test_loss", "evaluation", "eval"].map(EntryEvents.tag)).toEqual([
      "train/loss",
      "eval/a_loss",
      "test/loss",
      "train/evaluation",
      "train/eval"
    ])
  })

  it("take back what an earlier attempt logged past the checkpoint, and only that", () => {
    const entry = { ...config({ a: 1 }), step: 20 }
    const events = (attempt: number) => EntryEvents.make({ ...entry, attempt }, 5)
    expect(events(1)).toHaveLength(1)
    expect(events(2)).toEqual([Event.restart({ time: 5, step: 21 }), events(1)[0]])
    expect(EntryEvents.make(train(20, 1, 2), 5)).toHaveLength(1)
  })

  it("show settings as JSON and as hyperparameters, which are texts, numbers and switches", () => {
    const settings = { a: 1, b: "x", c: true, d: [1], e: null, f: Number.NaN, g: () => 1 }
    const json = [
      "{",
      '  "a": 1,',
      '  "b": "x",',
      '  "c": true,',
      '  "d": [',
      "    1",
      "  ],",
      '  "e": null,',
      '  "f": "NaN"',
      "}"
    ]
    expect(EntryEvents.make({ ...config(settings), step: 20 }, 5)).toEqual([
      Event.summary(at, [
        Event.text("args", ["```json", ...json, "```"].join("\n")),
        Event.settings({ a: 1, b: "x", c: true, d: "[1]", e: "null", f: "NaN" }, 5)
      ])
    ])
  })

  it("show lines as a table of points where any line has one, thinned to what one reads", () => {
    const lines = (series: Readonly<Record<string, ReadonlyArray<readonly [number, number]>>>) =>
      ({ ...figure(20, "eval_curve"), figure: { _tag: "Lines", x: "x|y", y: "y", series } }) as const
    const table = (...rows: ReadonlyArray<string>) => [
      Event.summary(at, [Event.text("eval/curve", ["| x\\|y | a | b c |", "| --- | --- | --- |", ...rows].join("\n"))])
    ]
    const a = [
      [2, 0.5],
      [1, 4]
    ] as const
    const b = [
      [2, 3],
      [10, Number.NaN]
    ] as const
    expect(EntryEvents.make(lines({ a, "b\nc": b }), 5)).toEqual(table("| 1 | 4 |  |", "| 2 | 0.5000 | 3 |", "| 10 |  | NaN |"))
    const long = Array.from({ length: 251 }, (_, i) => [i, i] as const)
    expect(EntryEvents.make(lines({ a: long, "b c": [] }), 5)).toEqual(
      table(...long.filter(([i]) => i % 3 === 1).map(([i]) => `| ${i} | ${i} |  |`))
    )
  })

  it("show a matrix as a picture and as a table; one without cells has no picture", () => {
    const matrix = (values: ReadonlyArray<ReadonlyArray<number>>) =>
      ({
        ...figure(20, "cm"),
        figure: { _tag: "Matrix", rows: "label", columns: "prediction", labels: ["a"], values }
      }) as const
    const [event] = EntryEvents.make(matrix([[1, 2], [3]]), 5)
    const shown = Buffer.from(event!).toString()
    expect(shown).toContain("train/cm")
    expect(shown).toContain("PNG")
    expect(shown).toContain("| label \\ prediction | a |\n| --- | --- |\n| **a** | 1 | 2 |\n| **1** | 3 |")
    expect(Buffer.from(EntryEvents.make(matrix([]), 5)[0]!).toString()).not.toContain("PNG")
  })
})

describe("a histogram's events", () => {
  it("hold its bins; one without values has none", () => {
    const histogram = (edges: ReadonlyArray<number>, counts: ReadonlyArray<number>) =>
      EntryEvents.make({ ...figure(20, "weights"), figure: { _tag: "Histogram", x: "weight", edges, counts } }, 5)
    const at = { time: 5, step: 20 }
    expect(histogram([0, 1, 2], [3, 4])).toEqual([Event.summary(at, [Event.histogram("train/weights", [0, 1, 2], [3, 4])])])
    expect(histogram([], [])).toEqual([Event.summary(at, [])])
  })
})
