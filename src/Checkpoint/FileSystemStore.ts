/** The checkpoint store in a folder: `checkpoint-<step>/` in Hugging Face's format, `run.json`, and `run.lock` while a run is active. */
import { Config, Context, Effect, FileSystem, Layer, Option, Path, type PlatformError, Schema, Semaphore } from "effect"
import { defined } from "../Defined.ts"
import { messageOf } from "../ErrorMessage.ts"
import * as AtomicFolders from "./AtomicFolders.ts"
import { type Checkpoint, CheckpointError, CheckpointStore } from "./CheckpointStore.ts"
import * as DurableFiles from "./DurableFiles.ts"
import * as Folder from "./Folder.ts"
import * as Lock from "./Lock.ts"
import * as Manifest from "./Manifest.ts"
import * as RunAttempt from "./RunAttempt.ts"

/**
 * Stores checkpoints in `directory`, which is created on the first write.
 *
 * **Errors**: every `CheckpointError` names the file and what to do: a full disk, no permission, a file in the folder's place, a
 * checkpoint that is truncated or changed. None of them leaves a partial checkpoint that is listed as complete (test/fault/checkpoint.test.ts).
 */
export const layer = (options: {
  readonly directory: string
}): Layer.Layer<CheckpointStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CheckpointStore, make(options.directory))

/**
 * Like `layer`, with the directory from the configuration. **Errors**: `ConfigError`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { NodeServices } from "@effect/platform-node"
 * import { Config, ConfigProvider, Effect, Layer } from "effect"
 * import { CheckpointStore } from "regimen"
 *
 * const store = CheckpointStore.fileSystemConfig({ directory: Config.NonEmptyString("CHECKPOINTS") })
 * const environment = ConfigProvider.layer(ConfigProvider.fromUnknown({ CHECKPOINTS: "run" }))
 * const steps = CheckpointStore.CheckpointStore.use((store) => store.list)
 * const layer = store.pipe(Layer.provide([environment, NodeServices.layer]))
 * assert.deepEqual(await Effect.runPromise(Effect.provide(steps, layer)), [])
 * ```
 */
export const layerConfig = (
  options: Config.Wrap<{ readonly directory: string }>
): Layer.Layer<CheckpointStore, Config.ConfigError, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrap(Effect.map(Config.unwrap(options), layer))

const make = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folders = yield* AtomicFolders.make(directory)
  const writeLock = yield* Semaphore.make(1)
  const services = Context.make(FileSystem.FileSystem, fs).pipe(Context.add(Path.Path, path))
  const onDisk = Effect.provideContext(services)

  const failure = (operation: CheckpointError["operation"], step: number | null, file: string, reason: string) =>
    new CheckpointError({ step, path: file, operation, reason })
  const fromDisk = (operation: CheckpointError["operation"], step: number | null) => (error: PlatformError.PlatformError) =>
    Effect.fail(failure(operation, step, DurableFiles.pathOf(error) ?? directory, DurableFiles.advice(error)))

  const manifestOf = Effect.fnUntraced(function* (step: number) {
    const folder = (yield* folders.find(step)) ?? folders.folderOf(step)
    if (!(yield* fs.exists(folder))) return yield* failure("read", step, folder, "there is no checkpoint of this step.")
    const file = path.join(folder, Manifest.fileName)
    const manifest = yield* Effect.mapError(folders.manifestOf(folder), () =>
      failure("read", step, file, `it is missing or unreadable. ${damaged}`)
    )
    return { folder, manifest }
  })

  /** Returns the latest attempt that wrote a checkpoint. */
  const lastAttempt = Effect.gen(function* () {
    const manifests = yield* Effect.forEach(yield* folders.steps, manifestOf)
    return Math.max(0, ...manifests.map(({ manifest }) => manifest.lineage?.attempt ?? 0))
  })

  const nextAttempt = Effect.gen(function* () {
    const file = path.join(directory, "run.json")
    const text = yield* Effect.asSome(fs.readFileString(file)).pipe(
      Effect.catchIf(DurableFiles.isMissing, () => Effect.succeedNone)
    )
    const previous = Option.isNone(text) ? undefined : yield* decodeAttempt(text.value)
    const attempt = yield* RunAttempt.next(previous, previous === undefined ? yield* lastAttempt : 0)
    yield* DurableFiles.replace(directory, "run.json", encodeAttempt(attempt))
    return attempt
  }).pipe(Effect.catchTag("SchemaError", () => Effect.fail(failure("open", null, path.join(directory, "run.json"), notARun))))

  const open = Effect.gen(function* () {
    yield* fs.makeDirectory(directory, { recursive: true })
    yield* Lock.take(path.join(directory, "run.lock"), directory)
    yield* folders.recover
    return yield* nextAttempt
  }).pipe(onDisk, Effect.catchTag("PlatformError", fromDisk("open", null)))

  const save = (checkpoint: Checkpoint) =>
    Effect.gen(function* () {
      const { step } = checkpoint.state
      const files = yield* Effect.try({
        try: () => Folder.encode(checkpoint, directory),
        catch: (cause) => failure("write", step, folders.folderOf(step), messageOf(cause))
      })
      yield* folders.put(step, files, checkpoint.lineage).pipe(onDisk, Effect.catchTag("PlatformError", fromDisk("write", step)))
    }).pipe(writeLock.withPermit)

  const load = (step: number) =>
    Effect.gen(function* () {
      const { folder, manifest } = yield* manifestOf(step)
      const files: Record<string, Uint8Array> = {}
      for (const [name, written] of Object.entries(manifest.files)) {
        const file = path.join(folder, name)
        const bytes = yield* fs
          .readFile(file)
          .pipe(
            Effect.catchIf(DurableFiles.isMissing, () => Effect.fail(failure("read", step, file, `it is missing. ${damaged}`)))
          )
        const fault = yield* Manifest.fault(bytes, written)
        if (fault !== undefined) return yield* failure("read", step, file, `${fault}. ${damaged}`)
        files[name] = bytes
      }
      return yield* Effect.try({
        try: (): Checkpoint => ({
          ...Folder.decode(files),
          ...defined({ lineage: manifest.lineage })
        }),
        catch: (cause) => failure("read", step, folder, messageOf(cause))
      })
    }).pipe(Effect.catchTag("PlatformError", fromDisk("read", step)))

  return {
    open,
    save,
    load,
    lineage: (step: number) =>
      manifestOf(step).pipe(
        Effect.map(({ manifest }) => manifest.lineage),
        Effect.catchTag("PlatformError", fromDisk("read", step))
      ),
    list: folders.steps.pipe(Effect.catchTag("PlatformError", fromDisk("list", null))),
    remove: (step: number) =>
      folders.remove(step).pipe(writeLock.withPermit, Effect.catchTag("PlatformError", fromDisk("remove", step)))
  }
})

const AttemptJson = Schema.fromJsonString(RunAttempt.RunAttempt)
const encodeAttempt = Schema.encodeSync(AttemptJson)
const decodeAttempt = Schema.decodeUnknownEffect(AttemptJson)

const notARun = "it is not a run's file. Delete it to begin a new run beside these checkpoints, or choose another output folder."

const damaged = "The checkpoint is damaged: delete its folder, or go on from an older one."
