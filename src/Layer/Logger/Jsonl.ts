/** The log as a file: one JSON object per line, appended in the background; and the way back. */
import { ByteSize, type Config, Effect, FileSystem, Layer, Path, type PlatformError, Schema } from "effect"
import * as BackgroundQueue from "./BackgroundQueue.ts"
import * as EntryJson from "./EntryJson.ts"
import * as LogFile from "./LogFile.ts"
import { type Entry, Logger } from "./Logger.ts"

/** A line of a log file that is not an entry, or (`line` 0) a file that cannot be read. */
export class LogError extends Schema.TaggedError<LogError>()("LogError", {
  path: Schema.String,
  /** From 1. */
  line: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return this.line === 0
      ? `The log ${this.path} cannot be read: ${this.reason}`
      : `Line ${this.line} of the log ${this.path} is not an entry: ${this.reason}. Remove the line, or move the file away.`
  }
}

/**
 * Appends every entry to a file as a line of JSON: `run`, `attempt`, `step`, `epoch`, `kind` ("train", "eval", "summary", "text", "figure",
 * "config"), and what the kind has: `values` and `clock`, `text`, `name` and `figure`, `config`. NaN and the infinities are strings.
 *
 * An attempt that resumes first removes the lines that it logs again (`historyLength` of its configuration): the file holds each entry once.
 *
 * Lines are written in the background. `flush` and the end of the scope write all of them and wait for the disk. A partial last line left by a crash is
 * removed before the first write. When the disk is full, this is reported once, the lines wait, and they are written once there is room.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, FileSystem } from "effect"
 * import { Logger } from "regimen"
 *
 * const program = Effect.gen(function* () {
 *   const path = `${yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped()}/log.jsonl`
 *   const entry = { _tag: "Scalars", run: "a", attempt: 1, step: 3, epoch: 1, kind: "train", values: { loss: NaN }, clock: {} } as const
 *   yield* Effect.flatMap(Logger.Logger, (logger) => logger.log(entry)).pipe(Effect.provide(Logger.jsonl(path)))
 *   assert.deepEqual(yield* Logger.read(path), [entry])
 * })
 * await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
 * ```
 */
export const layer = (path: string): Layer.Layer<Logger, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Logger,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = (yield* Path.Path).dirname(path)
      let repaired = false
      const background = yield* BackgroundQueue.make(
        yield* BackgroundQueue.warnOnce(`jsonl (${path})`),
        Effect.fnUntraced(function* (batch: ReadonlyArray<Entry>) {
          if (!repaired) {
            yield* fs.makeDirectory(folder, { recursive: true })
            yield* repair(path)
            repaired = true
          }
          if (batch.some(LogFile.isLaterAttempt) && (yield* rewrite(path, batch))) return
          const file = yield* fs.open(path, { flag: "a" })
          const { size } = yield* file.stat
          const undo = fs.truncate(path, Number(ByteSize.toBigInt(size))).pipe(
            Effect.catch(() =>
              Effect.sync(() => {
                repaired = false
              })
            )
          )
          const lines = batch.map((entry) => `${EntryJson.encode(entry)}\n`).join("")
          yield* file.writeAll(encoder.encode(lines)).pipe(
            Effect.andThen(file.sync),
            Effect.onError(() => undo)
          )
        }, Effect.scoped)
      )
      return {
        log: (entry) => Effect.sync(() => background.offer(entry)),
        flush: background.flush
      }
    })
  )

/** Like `layer`, with the path from the configuration. **Errors**: `ConfigError`. */
export const layerConfig = (
  path: Config.Config<string>
): Layer.Layer<Logger, Config.ConfigError, FileSystem.FileSystem | Path.Path> => Layer.unwrap(Effect.map(path, layer))

/**
 * Reads a log file. A last line without its newline is what a crash leaves, or one being written right now: it is ignored.
 *
 * **Errors**: `LogError` with the number of the first line that is not an entry.
 */
export const read = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<ReadonlyArray<Entry>, LogError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const text = yield* fs
    .readFileString(path)
    .pipe(Effect.mapError((error) => new LogError({ path, line: 0, reason: error.message })))
  const lines = text.split("\n").slice(0, -1)
  return yield* Effect.forEach(lines, (line, i) =>
    Effect.mapError(EntryJson.decode(line), (error) => new LogError({ path, line: i + 1, reason: oneLine(error.message) }))
  )
})

/**
 * Writes entries of which some are configurations of later attempts, each of which may remove lines before it: the whole file is written anew and put in
 * place of the old one. Returns false, and writes nothing, where no line is to be removed.
 */
const rewrite = Effect.fnUntraced(function* (
  path: string,
  batch: ReadonlyArray<Entry>
): Effect.fn.Return<boolean, PlatformError.PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const before = (yield* fs.exists(path)) ? LogFile.parse(yield* fs.readFileString(path)) : []
  let lines = [...before]
  for (const entry of batch) {
    if (LogFile.isLaterAttempt(entry)) lines = [...LogFile.truncated(lines, entry)]
    lines.push(LogFile.make(entry))
  }
  if (lines.length === before.length + batch.length) return false
  const next = `${path}.tmp`
  yield* Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(next, { flag: "w" })
      yield* file.writeAll(encoder.encode(lines.map(({ text }) => `${text}\n`).join("")))
      yield* file.sync
    })
  ).pipe(
    Effect.andThen(fs.rename(next, path)),
    Effect.onError(() => Effect.ignore(fs.remove(next, { force: true })))
  )
  return true
})

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** The size of a read while searching for the last newline. **Unit**: bytes. */
const chunk = 65_536

/** Removes what follows the last newline, unless only the newline is missing. */
const repair = Effect.fnUntraced(function* (
  path: string
): Effect.fn.Return<void, PlatformError.PlatformError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(path))) return
  yield* Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(path, { flag: "r+" })
      const size = Number(ByteSize.toBigInt((yield* file.stat).size))
      let tail = new Uint8Array(0)
      let start = size
      while (start > 0 && !tail.includes(newline)) {
        const length = Math.min(chunk, start)
        start -= length
        const buffer = new Uint8Array(length)
        yield* file.seek(BigInt(start), "start")
        const got = yield* file.read(buffer)
        tail = Uint8Array.from([...buffer.subarray(0, got), ...tail])
      }
      const end = start + tail.lastIndexOf(newline) + 1
      if (end === size) return
      const complete = yield* Effect.isSuccess(EntryJson.decode(decoder.decode(tail.subarray(end - start))))
      if (!complete) return yield* file.truncate(end)
      yield* file.seek(BigInt(size), "start")
      yield* file.writeAll(encoder.encode("\n"))
    })
  )
})

const newline = 10

const oneLine = (text: string): string => text.replace(/\s+/g, " ")
