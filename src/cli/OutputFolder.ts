/** The output folder of a program: its status file (`regimen.json`), the check that it is the program's own, the trained model's files, and their removal. */
import { Effect, FileSystem, Option, Path, type PlatformError, Schema } from "effect"
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import * as DurableFiles from "../Checkpoint/DurableFiles.ts"
import * as Lock from "../Checkpoint/Lock.ts"
import * as Manifest from "../Checkpoint/Manifest.ts"
import * as WeightFiles from "../Checkpoint/WeightFiles.ts"
import type { Model } from "../Model/Model.ts"
import type { HostWeights } from "../Tensor/Weights.ts"

const fileName = "regimen.json"

export const Status = Schema.Struct({
  program: Schema.String,
  /** The program's file, relative to the folder. */
  file: Schema.optionalKey(Schema.String),
  /** In its place: a task's name and settings. */
  task: Schema.optionalKey(Schema.Struct({ name: Schema.String, settings: Schema.Record(Schema.String, Schema.Unknown) })),
  status: Schema.Literals(["running", "interrupted", "finished"]),
  /** Files of rows in the place of the program's data, by split. */
  files: Schema.Record(Schema.Literals(["train", "validation", "test"]), Schema.optionalKey(Schema.String)).pipe(
    Schema.withDecodingDefaultKey(Effect.succeed({}))
  ),
  /** The arguments, under Hugging Face's names. */
  args: Schema.Record(Schema.String, Schema.Unknown),
  step: Schema.Natural,
  metrics: Schema.Record(Schema.String, Schema.Number),
  /** Files that it wrote beside its own, by name: a model's config, a tokenizer, predictions. */
  wrote: Schema.Array(Schema.String).pipe(Schema.withDecodingDefaultKey(Effect.succeed([])))
})
export type Status = typeof Status.Type

/** The folder holds something else. */
export class ForeignFolder extends Schema.TaggedError<ForeignFolder>()("ForeignFolder", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The output folder ${this.path} ${this.reason}. Choose another --output_dir, or pass --overwrite_output_dir to start anew there (checkpoints, logs and figures in it are replaced; other files stay).`
  }
}

/** The folder cannot be used. */
export class FolderError extends Schema.TaggedError<FolderError>()("FolderError", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The output folder ${this.path} cannot be used: ${this.reason}`
  }
}

/** The run is at its end, and its model cannot be written. */
export class ModelNotSaved extends Schema.TaggedError<ModelNotSaved>()("ModelNotSaved", {
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `The run is at its end, but ${this.path} cannot be written: ${this.reason} Then run the same command: it goes on from the last checkpoint.`
  }
}

const codec = Schema.fromJsonString(Schema.toCodecJson(Status))

/** Reads the status of the run in a folder; none if there is no run in it. */
export const read = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, fileName)
  const there = yield* fs.exists(file).pipe(Effect.mapError(cannot(folder)))
  if (!there) return Option.none<Status>()
  const text = yield* fs.readFileString(file).pipe(Effect.mapError(cannot(folder)))
  return Option.some(
    yield* Schema.decodeUnknownEffect(codec)(text).pipe(
      Effect.mapError(
        () =>
          new FolderError({
            path: folder,
            reason: `its ${fileName} cannot be read. Remove that file: the checkpoints stay, and \`regimen train\` with --resume_from_checkpoint goes on from one.`
          })
      )
    )
  )
})

/** Writes the status of the run, atomically. */
export const write = Effect.fnUntraced(function* (folder: string, status: Status) {
  const text = yield* Schema.encodeEffect(codec)(status).pipe(Effect.orDie)
  yield* Effect.mapError(DurableFiles.replace(folder, fileName, text), cannot(folder))
})

/** Fails with `StoreLocked` while another process trains in the folder. */
export const isFree = (folder: string) => whileFree(folder, Effect.void)

/** Writes the trained weights (`model.safetensors`, or an adapter's file), and what belongs beside them: the model's config, a tokenizer. */
export const saveModel = Effect.fnUntraced(function* (
  folder: string,
  model: Model,
  weights: HostWeights,
  files: Readonly<Record<string, string>>
) {
  const path = yield* Path.Path
  for (const [name, content] of Object.entries({ ...files, ...WeightFiles.of(model, weights) }))
    yield* DurableFiles.replace(folder, name, content).pipe(
      Effect.mapError((error) => new ModelNotSaved({ path: path.join(folder, name), reason: DurableFiles.advice(error) }))
    )
})

/** Returns the status of the program's own run in its output folder; none if there is no run. **Errors**: `ForeignFolder` when it holds something else. */
export const claim = Effect.fnUntraced(function* (folder: string, program: string, overwrite: boolean) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(folder).pipe(Effect.mapError(cannot(folder))))) return Option.none<Status>()
  const info = yield* fs.stat(folder).pipe(Effect.mapError(cannot(folder)))
  if (info.type !== "Directory")
    return yield* new FolderError({ path: folder, reason: "it is a file. Choose another --output_dir." })
  const entries = yield* fs.readDirectory(folder).pipe(Effect.mapError(cannot(folder)))
  if (overwrite) return Option.none<Status>()
  const found = yield* read(folder)
  if (Option.isNone(found)) {
    if (entries.length === 0) return found
    return yield* new ForeignFolder({ path: folder, reason: "is not empty and holds no run of this program" })
  }
  if (found.value.program !== program) {
    return yield* new ForeignFolder({ path: folder, reason: `holds a run of another program (${found.value.program})` })
  }
  return found
})

/** Notes files that were written beside the run's own, so that `clear` knows them. */
export const wrote = Effect.fnUntraced(function* (folder: string, names: ReadonlyArray<string>) {
  const found = yield* read(folder)
  if (Option.isNone(found) || names.every((name) => found.value.wrote.includes(name))) return
  yield* write(folder, { ...found.value, wrote: [...new Set([...found.value.wrote, ...names])] })
})

/** Whether a run has drawn figures: one that logged little has none. */
export const hasFigures = Effect.fnUntraced(function* (folder: string) {
  const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
  return yield* Effect.orElseSucceed(fs.exists(path.join(folder, "figures")), () => false)
})

/** Removes what a run of ours wrote, and nothing else: folders stay where something else is in them. Fails while another process trains there. */
export const clear = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  if (!(yield* fs.exists(folder).pipe(Effect.mapError(cannot(folder))))) return
  yield* whileFree(folder, remove(folder).pipe(Effect.mapError(cannot(folder))))
})

const remove = Effect.fnUntraced(function* (folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const entries = yield* fs.readDirectory(folder)
  const ours = entries.includes(fileName)
  const found = yield* Effect.orElseSucceed(read(folder), () => Option.none<Status>())
  const noted = Option.isSome(found) ? found.value.wrote : []
  for (const entry of entries) {
    const at = path.join(folder, entry)
    if (
      CheckpointName.step(entry) !== undefined
        ? yield* fs.exists(path.join(at, Manifest.fileName))
        : always.test(entry) || noted.includes(entry) || (ours && results.test(entry))
    )
      yield* fs.remove(at, { recursive: true })
    else if (ours && within[entry] !== undefined) yield* removeWithin(at, within[entry])
  }
  if (ours) yield* fs.remove(path.join(folder, fileName)) // the last: if interrupted before, the folder is still recognized as a run's
})

const always = /^(\.(saving|replaced|removed)-\d+|(log\.jsonl|run\.json)(\.tmp)?|regimen\.json\.tmp)$/
const results =
  /^(model\.safetensors|predictions\.jsonl|trainer_state\.json|(all|train|eval|predict)_results\.json)(\.tmp|\.part)?$/
/** What is ours in folders that others may use as well. */
const within: Readonly<Record<string, RegExp>> = {
  figures: /\.svg(\.tmp)?$/,
  runs: /^events\.out\.tfevents\..*\.regimen/
}

/** Removes the files of a pattern, and the folder with the last of them. */
const removeWithin = Effect.fnUntraced(function* (folder: string, pattern: RegExp) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if ((yield* fs.stat(folder)).type !== "Directory") return
  const files = yield* fs.readDirectory(folder)
  const ours = files.filter((file) => pattern.test(file))
  if (ours.length === files.length) return yield* fs.remove(folder, { recursive: true })
  yield* Effect.forEach(ours, (file) => fs.remove(path.join(folder, file), { recursive: true }), { discard: true })
})

/** Does something to a folder that no other process trains in. */
const whileFree = <A, E, R>(folder: string, effect: Effect.Effect<A, E, R>) =>
  Path.Path.use((path) => Lock.take(path.join(folder, "run.lock"), folder)).pipe(
    Effect.catchTag("PlatformError", (error) => Effect.fail(cannot(folder)(error))),
    Effect.andThen(effect),
    Effect.scoped
  )

const cannot = (path: string) => (error: PlatformError.PlatformError) =>
  new FolderError({ path, reason: DurableFiles.advice(error) })
