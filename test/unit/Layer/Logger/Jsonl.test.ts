import { appendFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { afterAll, describe, expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Exit, FileSystem, Layer, Scope } from "effect"
import * as EntryJson from "../../../../src/Layer/Logger/EntryJson.ts"
import * as Jsonl from "../../../../src/Layer/Logger/Jsonl.ts"
import { type Entry, Logger } from "../../../../src/Layer/Logger/Logger.ts"
import { oneOfEach, text, train } from "../../../../src/Testing/SampleEntries.ts"
import { limited } from "../../../support/faultyDisk.ts"

const root = mkdtempSync(join(tmpdir(), "regimen-jsonl-"))
afterAll(() => rmSync(root, { recursive: true }))
let files = 0
const fresh = () => join(root, String(files++), "log.jsonl")

const logAll = (entries: ReadonlyArray<Entry>) =>
  Effect.gen(function* () {
    const logger = yield* Logger
    yield* Effect.forEach(entries, logger.log, { discard: true })
  })
const write = (path: string, entries: ReadonlyArray<Entry>) =>
  logAll(entries).pipe(Effect.provide(Jsonl.layer(path), { local: true }))
const texts = (path: string) =>
  Effect.map(Jsonl.read(path), (entries) => entries.map((entry) => (entry._tag === "Text" ? entry.text : entry._tag)))

describe("jsonl", () => {
  it.effect("holds every entry after the scope closed, and appends to an existing file", () =>
    Effect.gen(function* () {
      const path = fresh()
      yield* write(path, oneOfEach)
      yield* write(path, [train(30, 0.5)])
      expect(yield* Jsonl.read(path)).toStrictEqual([...oneOfEach, train(30, 0.5)])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("holds every entry after a flush, before anything closes", () =>
    Effect.gen(function* () {
      const path = fresh()
      yield* Effect.gen(function* () {
        yield* logAll(oneOfEach)
        yield* (yield* Logger).flush
        expect(readFileSync(path, "utf8").trimEnd().split("\n")).toHaveLength(oneOfEach.length)
      }).pipe(Effect.provide(Jsonl.layer(path)))
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("removes a last line truncated at any byte, or completes it if only its newline is missing", () =>
    Effect.gen(function* () {
      const path = fresh()
      yield* write(path, [text(1, "first"), text(2, "日本 }\\n")])
      const whole = readFileSync(path)
      const start = whole.indexOf(10) + 1
      for (let length = start; length <= whole.length; length++) {
        truncateSync(path, 0)
        writeFileSync(path, whole.subarray(0, length))
        expect(yield* texts(path)).toEqual(length === whole.length ? ["first", "日本 }\\n"] : ["first"])
        yield* write(path, [text(3, "after")])
        expect(yield* texts(path)).toEqual(length >= whole.length - 1 ? ["first", "日本 }\\n", "after"] : ["first", "after"])
      }
      for (let length = 0; length < start - 1; length++) {
        writeFileSync(path, whole.subarray(0, length))
        yield* write(path, [text(3, "after")])
        expect(yield* texts(path)).toEqual(["after"])
      }
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("a torn line longer than what is read at once", () =>
    Effect.gen(function* () {
      const path = fresh()
      yield* write(path, [text(1, "first")])
      appendFileSync(path, `{"run":"${"x".repeat(200_000)}`)
      yield* write(path, [text(2, "after")])
      expect(yield* texts(path)).toEqual(["first", "after"])
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("names the line that is no entry", () =>
    Effect.gen(function* () {
      const path = fresh()
      yield* write(path, [text(1, "first")])
      appendFileSync(path, `nonsense\n${EntryJson.encode(text(3, "third"))}\n`)
      const error = yield* Effect.flip(Jsonl.read(path))
      expect(error).toMatchObject({ _tag: "LogError", path, line: 2 })
      expect(error.message).not.toContain("\n")
      expect(yield* Effect.flip(Jsonl.read(`${path}.none`))).toMatchObject({ _tag: "LogError", line: 0 })
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("a full disk is reported once; the lines wait, and none is lost or doubled once there is room", () =>
    Effect.gen(function* () {
      const path = fresh()
      const real = yield* FileSystem.FileSystem
      let room = 100
      const small = limited(real, () => room)
      const warnings: Array<string> = []
      const listener = EffectLogger.make(({ message }) => warnings.push(String(message)))
      yield* Effect.gen(function* () {
        const logger = yield* Logger
        for (const words of ["one", "two", "three"]) {
          yield* logger.log(text(1, words))
          yield* logger.flush
        }
        expect(yield* texts(path)).toEqual(["one"])
        room = 10_000
        yield* logger.log(text(1, "four"))
        yield* logger.flush
      }).pipe(
        Effect.provide(Jsonl.layer(path).pipe(Layer.provide(Layer.succeed(FileSystem.FileSystem, small)))),
        Effect.provide(EffectLogger.layer([listener]))
      )
      expect(yield* texts(path)).toEqual(["one", "two", "three", "four"])
      expect(warnings).toHaveLength(1)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.effect("a run that is interrupted loses no line", () =>
    Effect.gen(function* () {
      const path = fresh()
      const scope = yield* Scope.make()
      const logger = yield* Effect.map(Layer.buildWithScope(Jsonl.layer(path), scope), (context) => context)
      const service = yield* Logger.pipe(Effect.provideContext(logger))
      for (let i = 0; i < 500; i++) yield* service.log(train(i, i))
      yield* Scope.close(scope, Exit.interrupt(1))
      expect(yield* Jsonl.read(path)).toHaveLength(500)
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
