/** The log as TensorBoard's event files: `tensorboard --logdir <folder>` shows the run while it trains. */
import { Clock, type Config, Effect, FileSystem, Layer, Path, type PlatformError } from "effect"
import * as BackgroundQueue from "./BackgroundQueue.ts"
import { type Entry, Logger } from "./Logger.ts"
import * as EntryEvents from "./TensorBoard/EntryEvents.ts"
import * as Event from "./TensorBoard/Event.ts"
import * as Protobuf from "./TensorBoard/Protobuf.ts"
import * as TfRecord from "./TensorBoard/TfRecord.ts"

/**
 * Writes event files into a folder, one for each time the layer is built: scalars; texts; histograms; a matrix as a heat map and as a table, lines
 * as a table; the configuration as text and as hyperparameters.
 *
 * A resumed run writes a new file of the same folder, and TensorBoard no longer shows what the earlier attempt logged past the
 * checkpoint. Events are written in the background; `flush` and the end of the scope write all of them and wait for the disk. When the disk is
 * full, this is reported once, the events wait, and they are written once there is room.
 *
 * **Source**: the tags are those of Hugging Face's TensorBoardCallback: `train/loss`, `eval/loss`, `train/train_runtime`, `args/text_summary`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Effect, FileSystem } from "effect"
 * import { Logger } from "regimen"
 *
 * const program = Effect.gen(function* () {
 *   const fs = yield* FileSystem.FileSystem
 *   const folder = yield* fs.makeTempDirectoryScoped()
 *   const entry = { _tag: "Scalars", run: "a", attempt: 1, step: 3, epoch: 1, kind: "train", values: { loss: 0.5 }, clock: {} } as const
 *   yield* Effect.flatMap(Logger.Logger, (logger) => logger.log(entry)).pipe(Effect.provide(Logger.tensorboard(folder)))
 *   assert.match((yield* fs.readDirectory(folder))[0]!, /^events\.out\.tfevents\./)
 * })
 * await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(NodeServices.layer)))
 * ```
 */
export const layer = (folder: string): Layer.Layer<Logger, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Logger,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      let written: Written | undefined
      const background = yield* BackgroundQueue.make(
        yield* BackgroundQueue.warnOnce(`tensorboard (${folder})`),
        Effect.fnUntraced(function* (batch: ReadonlyArray<Timed>) {
          yield* fs.makeDirectory(folder, { recursive: true })
          const { time } = batch[0]!
          written ??= yield* create(
            path.join(folder, `events.out.tfevents.${String(Math.floor(time)).padStart(10, "0")}.regimen`)
          )
          const events = batch.flatMap(({ entry, time }) => EntryEvents.make(entry, time))
          written = yield* append(written, written.size === 0 ? [Event.version(time), ...events] : events)
        })
      )
      return {
        log: (entry) => Effect.map(Clock.currentTimeMillis, (now) => background.offer({ entry, time: now / 1000 })),
        flush: background.flush
      }
    })
  )

/** Like `layer`, with the folder from the configuration. **Errors**: `ConfigError`. */
export const layerConfig = (
  folder: Config.Config<string>
): Layer.Layer<Logger, Config.ConfigError, FileSystem.FileSystem | Path.Path> => Layer.unwrap(Effect.map(folder, layer))

/** An entry, and when it was logged. **Unit**: seconds since 1970. */
interface Timed {
  readonly entry: Entry
  readonly time: number
}

/** A file, and the length of its complete events. **Unit**: bytes. */
interface Written {
  readonly file: string
  readonly size: number
}

/** Creates an empty file. Readers take a folder's files in the order of their names: the time comes first, then a number that is not used yet. */
const create = (start: string, number = 0): Effect.Effect<Written, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const file = `${start}.${number}`
    if (yield* fs.exists(file)) return yield* create(start, number + 1)
    yield* fs.writeFile(file, new Uint8Array(0), { flag: "wx" })
    return { file, size: 0 }
  })

/** Appends complete events. Truncates what an earlier failed write left first. */
const append = (
  { file, size }: Written,
  events: ReadonlyArray<Event.Event>
): Effect.Effect<Written, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const bytes = Protobuf.join(events.map(TfRecord.frame))
    const handle = yield* fs.open(file, { flag: "a" })
    yield* handle.truncate(size)
    yield* handle.writeAll(bytes)
    yield* handle.sync
    return { file, size: size + bytes.length }
  }).pipe(Effect.scoped)
