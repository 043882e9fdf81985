/** What every logger keeps, whatever it does with entries. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Exit, Fiber, Layer, Scope } from "effect"
import { TestClock } from "effect/testing"
import * as Loggers from "../../src/Layer/Logger/Loggers.ts"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import * as Contract from "../../src/Testing/Contract.ts"
import { oneOfEach, text } from "../../src/Testing/SampleEntries.ts"
import * as State from "../../src/TrainerState.ts"
import * as VirtualTerminal from "../unit/Layer/Logger/virtualTerminal.ts"

const root = mkdtempSync(join(tmpdir(), "regimen-logger-"))
afterAll(() => rmSync(root, { recursive: true }))
let files = 0
const fresh = () => join(root, String(files++))
/** A place where nothing can be written: a folder that is a file. */
const blocked = () => {
  const path = fresh()
  writeFileSync(path, "")
  return join(path, "log")
}

type Make = () => Layer.Layer<Loggers.Logger>
const screen = (options: Parameters<typeof VirtualTerminal.make>[0]) => VirtualTerminal.make(options).layer
const onDisk = Layer.provide(NodeServices.layer)
const hanging = Layer.succeed(Loggers.Logger, { log: () => Effect.never, flush: Effect.never })
const dying = Layer.succeed(Loggers.Logger, {
  log: () => Effect.die("log"),
  progress: () => {
    throw new Error("progress")
  },
  flush: Effect.die("flush")
})

/** Each logger, and the same one where what it writes to is broken. */
const loggers: Record<string, { readonly works: Make; readonly broken?: Make }> = {
  none: { works: () => Loggers.none },
  memory: { works: () => Layer.fresh(Loggers.memory) },
  console: {
    works: () => Loggers.console.pipe(Layer.provide(screen({ isTerminal: false }))),
    broken: () => Loggers.console.pipe(Layer.provide(screen({ isTerminal: false, fails: true })))
  },
  "console on a terminal": { works: () => Loggers.console.pipe(Layer.provide(screen({ isTerminal: true, columns: 60 }))) },
  progress: {
    works: () => Loggers.progress().pipe(Layer.provide(screen({ isTerminal: true, columns: 60 }))),
    broken: () => Loggers.progress().pipe(Layer.provide(screen({ isTerminal: true, columns: 60, fails: true })))
  },
  "progress without a terminal": { works: () => Loggers.progress().pipe(Layer.provide(screen({ isTerminal: false }))) },
  jsonl: {
    works: () => Loggers.jsonl(join(fresh(), "log.jsonl")).pipe(onDisk),
    broken: () => Loggers.jsonl(blocked()).pipe(onDisk)
  },
  figures: { works: () => Loggers.figures(fresh()).pipe(onDisk), broken: () => Loggers.figures(blocked()).pipe(onDisk) },
  tensorboard: {
    works: () => Loggers.tensorboard(fresh()).pipe(onDisk),
    broken: () => Loggers.tensorboard(blocked()).pipe(onDisk)
  },
  "all of none": { works: () => Loggers.all() },
  all: {
    works: () => Loggers.all(Layer.fresh(Loggers.memory), Loggers.jsonl(join(fresh(), "log.jsonl")).pipe(onDisk)),
    broken: () => Loggers.all(dying, dying)
  }
}

const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 50 })
describe.each(Object.entries(loggers))("%s", (_, { works, broken }) => {
  for (const test of Contract.logger(works(), broken === undefined ? {} : { broken: broken(), warnings: 2 }))
    it(test.name, test.run) // "all" merges two broken loggers, and each warns
})

describe("all", () => {
  it.effect("gives every entry to the ones that work, in order, whatever the others do", () => {
    const warnings: Array<string> = []
    return Effect.gen(function* () {
      const path = join(fresh(), "log.jsonl")
      const layer = Loggers.all(dying, hanging, Loggers.memory, Loggers.jsonl(path).pipe(onDisk))
      const scope = yield* Scope.make()
      yield* Effect.gen(function* () {
        const logger = yield* Loggers.Logger
        logger.progress?.({ phase: "train", state: State.initial, horizon })
        for (const entry of oneOfEach) yield* logger.log(entry)
        yield* patiently(logger.flush)
        expect(yield* (yield* Loggers.Memory).entries).toEqual(oneOfEach)
        expect(yield* (yield* Loggers.Memory).progress).toHaveLength(1)
      }).pipe(
        Effect.provide(
          yield* Layer.buildWithScope(Layer.merge(Loggers.memory, layer), scope).pipe(Effect.provide(listen(warnings)))
        )
      )
      yield* patiently(Scope.close(scope, Exit.void))
      expect(yield* Loggers.read(path).pipe(Effect.provide(NodeServices.layer))).toEqual(oneOfEach)
      expect(warnings.filter((warning) => warning.includes("number 1"))).toHaveLength(1)
      expect(warnings.filter((warning) => warning.includes("number 2"))).toHaveLength(1)
    }).pipe(Effect.provide(listen(warnings)))
  })
})

describe("figures", () => {
  it.effect("stay in their folder, whatever they are called", () =>
    Effect.gen(function* () {
      const folder = fresh()
      yield* Effect.gen(function* () {
        const logger = yield* Loggers.Logger
        yield* logger.log({
          ...text(1, ""),
          _tag: "Figure",
          name: "../evil/<b>",
          figure: { _tag: "Lines", x: "", y: "", series: {} }
        })
      }).pipe(Effect.provide(Loggers.figures(folder).pipe(onDisk)))
      expect(existsSync(join(folder, "-evil-b-.svg"))).toBe(true)
    })
  )
})

const listen = (warnings: Array<unknown>) =>
  EffectLogger.layer([EffectLogger.make(({ message }) => warnings.push(String(message)))])

/** Lets time pass until it is done. */
const patiently = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* Effect.promise(() => new Promise((resolve) => setTimeout(resolve, 60)))
      yield* TestClock.adjust("6 seconds")
    }
    return yield* Fiber.join(fiber)
  })
