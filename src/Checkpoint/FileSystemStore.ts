/** The checkpoint store in a folder: `checkpoint-<step>/` in the Hugging Face form, `run.json`, and `run.lock` while a run is on. */
import { Effect, FileSystem, Layer, Option, Path, type PlatformError, Schema, Semaphore } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import * as AtomicFolders from "./AtomicFolders.ts"
import { type Checkpoint, CheckpointError, CheckpointStore } from "./CheckpointStore.ts"
import * as Disk from "./Disk.ts"
import * as Folder from "./Folder.ts"
import * as Lock from "./Lock.ts"
import * as Manifest from "./Manifest.ts"
import * as RunAttempt from "./RunAttempt.ts"

/**
 * Makes a store in `directory`, which is made when it is first written to.
 *
 * **Errors**: every `CheckpointError` names the file and says what to do: a full disk, no permission, a file in the folder's place, a
 * checkpoint that was cut short or changed. None of them leaves something half-written that looks whole (test/fault/checkpoint.test.ts).
 */
export const layer = (options: {
  readonly directory: string
}): Layer.Layer<CheckpointStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CheckpointStore, make(options.directory))

const make = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const shelf = yield* AtomicFolders.make(directory)
  const one = yield* Semaphore.make(1)
  const onDisk = Effect.provideService(FileSystem.FileSystem, fs)

  const failure = (operation: CheckpointError["operation"], step: number | null, file: string, reason: string) =>
    new CheckpointError({ step, path: file, operation, reason })
  const fromDisk = (operation: CheckpointError["operation"], step: number | null) => (error: PlatformError.PlatformError) =>
    Effect.fail(failure(operation, step, Disk.pathOf(error) ?? directory, Disk.advice(error)))

  const count = Effect.gen(function* () {
    const file = path.join(directory, "run.json")
    const text = yield* Effect.asSome(fs.readFileString(file)).pipe(Effect.catchIf(Disk.isMissing, () => Effect.succeedNone))
    const previous = Option.isNone(text) ? undefined : yield* decodeSession(text.value)
    const session = yield* RunAttempt.next(previous)
    yield* Disk.writeFile(`${file}.tmp`, new TextEncoder().encode(encodeSession(session)))
    yield* fs.rename(`${file}.tmp`, file)
    return session
  }).pipe(Effect.catchTag("SchemaError", () => Effect.fail(failure("open", null, path.join(directory, "run.json"), notARun))))

  const open = Effect.gen(function* () {
    yield* fs.makeDirectory(directory, { recursive: true })
    yield* Lock.take(path.join(directory, "run.lock"), directory)
    yield* shelf.recover
    return yield* count
  }).pipe(onDisk, Effect.catchTag("PlatformError", fromDisk("open", null)))

  const save = (checkpoint: Checkpoint) =>
    Effect.gen(function* () {
      const { step } = checkpoint.state
      const files = yield* Effect.try({
        try: () => Folder.encode(checkpoint, directory),
        catch: (cause) => failure("write", step, shelf.place(step), messageOf(cause))
      })
      yield* shelf.put(step, files).pipe(onDisk, Effect.catchTag("PlatformError", fromDisk("write", step)))
    }).pipe(one.withPermit)

  const load = (step: number) =>
    Effect.gen(function* () {
      const folder = (yield* shelf.find(step)) ?? shelf.place(step)
      if (!(yield* fs.exists(folder))) return yield* failure("read", step, folder, "there is no checkpoint of this step.")
      const manifest = yield* shelf
        .manifestOf(folder)
        .pipe(
          Effect.mapError(() =>
            failure("read", step, path.join(folder, Manifest.fileName), `it is missing or unreadable. ${damaged}`)
          )
        )
      const files: Record<string, Uint8Array> = {}
      for (const [name, written] of Object.entries(manifest.files)) {
        const file = path.join(folder, name)
        const bytes = yield* fs
          .readFile(file)
          .pipe(Effect.catchIf(Disk.isMissing, () => Effect.fail(failure("read", step, file, `it is missing. ${damaged}`))))
        const fault = yield* Manifest.fault(bytes, written)
        if (fault !== undefined) return yield* failure("read", step, file, `${fault}. ${damaged}`)
        files[name] = bytes
      }
      return yield* Effect.try({
        try: () => Folder.decode(files),
        catch: (cause) => failure("read", step, folder, messageOf(cause))
      })
    }).pipe(Effect.catchTag("PlatformError", fromDisk("read", step)))

  return {
    open,
    save,
    load,
    list: shelf.steps.pipe(Effect.catchTag("PlatformError", fromDisk("list", null))),
    remove: (step: number) => shelf.remove(step).pipe(one.withPermit, Effect.catchTag("PlatformError", fromDisk("remove", step)))
  }
})

const SessionJson = Schema.fromJsonString(RunAttempt.RunAttempt)
const encodeSession = Schema.encodeSync(SessionJson)
const decodeSession = Schema.decodeUnknownEffect(SessionJson)

const notARun = "it is not a run's file. Delete it to begin a new run beside these checkpoints, or choose another output folder."

const damaged = "The checkpoint is damaged: delete its folder, or go on from an older one."
