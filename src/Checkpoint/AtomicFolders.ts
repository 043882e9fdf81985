/**
 * Stores one folder of files per step, visible only when complete.
 *
 * A folder is written as `.saving-<step>` and synced, its manifest last; then it is renamed to `checkpoint-<step>`. One that it replaces
 * is renamed to `.replaced-<step>` first and is read for its step until the new one is in place, so that at every moment the old
 * folder or the new one is complete. A folder to be removed is renamed to `.removed-<step>` first.
 */
import { Effect, FileSystem, Path } from "effect"
import * as CheckpointName from "./CheckpointName.ts"
import * as DurableFiles from "./DurableFiles.ts"
import type { Files } from "./Folder.ts"
import type { Lineage } from "./Lineage.ts"
import * as Manifest from "./Manifest.ts"

/** Opens the folders of `directory`, which is created on the first write. */
export const make = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folderOf = (step: number) => path.join(directory, CheckpointName.make(step))
  const saving = (step: number) => path.join(directory, `.saving-${step}`)
  const replaced = (step: number) => path.join(directory, `.replaced-${step}`)
  const removed = (step: number) => path.join(directory, `.removed-${step}`)
  const erase = (folder: string) => fs.remove(folder, { recursive: true, force: true })

  const names = fs.readDirectory(directory).pipe(Effect.catchIf(DurableFiles.isMissing, () => Effect.succeed<Array<string>>([])))
  /** The steps of the folders in a state of being written or removed. */
  const stepsIn = (state: "saving" | "replaced" | "removed") =>
    Effect.map(names, (all) => all.flatMap((name) => new RegExp(`^\\.${state}-(\\d+)$`).exec(name)?.slice(1).map(Number) ?? []))

  const manifestOf = (folder: string) => Effect.flatMap(fs.readFileString(path.join(folder, Manifest.fileName)), Manifest.decode)

  /** Checks that the manifest exists and that the files have the sizes it lists, without reading them: enough to detect an unfinished write. */
  const isComplete = (folder: string) =>
    Effect.gen(function* () {
      const { files } = yield* manifestOf(folder)
      for (const [name, { size }] of Object.entries(files)) {
        const { type, size: actual } = yield* fs.stat(path.join(folder, name))
        if (type !== "File" || Number(actual) !== size) return false
      }
      return true
    }).pipe(Effect.orElseSucceed(() => false))

  /** Finds the complete folder of a step. */
  const find = Effect.fnUntraced(function* (step: number) {
    for (const folder of [folderOf(step), replaced(step)]) if (yield* isComplete(folder)) return folder
    return undefined
  })

  /** Finishes a replacement that was interrupted between its renames: restores the old folder, or deletes it if the new one is in place. */
  const finishReplacement = Effect.fnUntraced(function* (step: number) {
    if (!(yield* fs.exists(replaced(step)))) return
    yield* (yield* fs.exists(folderOf(step))) ? erase(replaced(step)) : fs.rename(replaced(step), folderOf(step))
  })

  const swap = Effect.fnUntraced(function* (step: number) {
    if (yield* fs.exists(folderOf(step))) yield* fs.rename(folderOf(step), replaced(step))
    yield* fs.rename(saving(step), folderOf(step))
    yield* DurableFiles.sync(directory)
    yield* erase(replaced(step))
  }, Effect.uninterruptible)

  return {
    folderOf,
    find,
    manifestOf,
    /** Lists the steps whose folders are complete, in ascending order. */
    steps: Effect.gen(function* () {
      const steps = [...(yield* names).flatMap((name) => CheckpointName.step(name) ?? []), ...(yield* stepsIn("replaced"))]
      const complete = yield* Effect.filter([...new Set(steps)], (step) =>
        Effect.map(find(step), (folder) => folder !== undefined)
      )
      return complete.sort((left, right) => left - right)
    }),
    /** Writes the files of a step. Interrupted anywhere, it leaves the old folder or the new one. */
    put: (step: number, files: Files, lineage?: Lineage) =>
      Effect.gen(function* () {
        yield* fs.makeDirectory(directory, { recursive: true })
        yield* finishReplacement(step)
        yield* erase(saving(step))
        yield* fs.makeDirectory(saving(step))
        const manifest = yield* Manifest.make(files, lineage)
        for (const [name, bytes] of Object.entries(files)) yield* DurableFiles.writeFile(path.join(saving(step), name), bytes)
        yield* DurableFiles.writeFile(path.join(saving(step), Manifest.fileName), Manifest.encode(manifest))
        yield* DurableFiles.sync(saving(step))
        yield* swap(step)
      }).pipe(Effect.onError(() => Effect.ignore(Effect.andThen(finishReplacement(step), erase(saving(step)))))),
    remove: Effect.fnUntraced(function* (step: number) {
      yield* finishReplacement(step)
      yield* erase(removed(step))
      if (!(yield* fs.exists(folderOf(step)))) return
      yield* fs.rename(folderOf(step), removed(step))
      yield* erase(removed(step))
    }, Effect.uninterruptible),
    /** Deletes what interrupted writes and removals left behind. */
    recover: Effect.gen(function* () {
      yield* Effect.forEach(yield* stepsIn("replaced"), finishReplacement)
      yield* Effect.forEach(yield* stepsIn("saving"), (step) => erase(saving(step)))
      yield* Effect.forEach(yield* stepsIn("removed"), (step) => erase(removed(step)))
    })
  }
})
