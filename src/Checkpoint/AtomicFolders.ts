/**
 * A shelf keeps folders of files by step, each whole or not there.
 *
 * A folder is written as `.saving-<step>` and synced, its manifest last; then it is renamed to `checkpoint-<step>`. One that it replaces
 * is renamed to `.replaced-<step>` first and stands for its step until the new one is in place, so that at every moment the old
 * folder or the new one is whole. What is removed is renamed to `.removed-<step>` first.
 */
import { Effect, FileSystem, Path } from "effect"
import * as CheckpointName from "./CheckpointName.ts"
import * as Disk from "./Disk.ts"
import type { Files } from "./Folder.ts"
import type { Lineage } from "./Lineage.ts"
import * as Manifest from "./Manifest.ts"

/** Opens the shelf in `directory`, which is made when something is put there. */
export const make = Effect.fnUntraced(function* (directory: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const place = (step: number) => path.join(directory, CheckpointName.make(step))
  const saving = (step: number) => path.join(directory, `.saving-${step}`)
  const replaced = (step: number) => path.join(directory, `.replaced-${step}`)
  const removed = (step: number) => path.join(directory, `.removed-${step}`)
  const erase = (folder: string) => fs.remove(folder, { recursive: true, force: true })

  const names = fs.readDirectory(directory).pipe(Effect.catchIf(Disk.isMissing, () => Effect.succeed<Array<string>>([])))
  /** The steps of the folders in a state of being written or removed. */
  const stepsIn = (state: "saving" | "replaced" | "removed") =>
    Effect.map(names, (all) => all.flatMap((name) => new RegExp(`^\\.${state}-(\\d+)$`).exec(name)?.slice(1).map(Number) ?? []))

  const manifestOf = (folder: string) => Effect.flatMap(fs.readFileString(path.join(folder, Manifest.fileName)), Manifest.decode)

  /** Whether the manifest is there and the files have its sizes: cheap, and enough to tell a write that was finished. */
  const isWhole = (folder: string) =>
    Effect.gen(function* () {
      const { files } = yield* manifestOf(folder)
      for (const [name, { size }] of Object.entries(files)) {
        const { type, size: found } = yield* fs.stat(path.join(folder, name))
        if (type !== "File" || Number(found) !== size) return false
      }
      return true
    }).pipe(Effect.orElseSucceed(() => false))

  /** The folder that stands for a step. */
  const find = Effect.fnUntraced(function* (step: number) {
    for (const folder of [place(step), replaced(step)]) if (yield* isWhole(folder)) return folder
    return undefined
  })

  /** Ends a replacement that was cut between its renames: the old folder goes back, or away if the new one is in place. */
  const settle = Effect.fnUntraced(function* (step: number) {
    if (!(yield* fs.exists(replaced(step)))) return
    yield* (yield* fs.exists(place(step))) ? erase(replaced(step)) : fs.rename(replaced(step), place(step))
  })

  const swap = Effect.fnUntraced(function* (step: number) {
    if (yield* fs.exists(place(step))) yield* fs.rename(place(step), replaced(step))
    yield* fs.rename(saving(step), place(step))
    yield* Disk.sync(directory)
    yield* erase(replaced(step))
  }, Effect.uninterruptible)

  return {
    place,
    find,
    manifestOf,
    /** Steps whose folders are whole, in order. */
    steps: Effect.gen(function* () {
      const steps = [...(yield* names).flatMap((name) => CheckpointName.step(name) ?? []), ...(yield* stepsIn("replaced"))]
      const whole = yield* Effect.filter([...new Set(steps)], (step) => Effect.map(find(step), (folder) => folder !== undefined))
      return whole.sort((left, right) => left - right)
    }),
    /** Puts files in the place of a step. Cut anywhere, it leaves what was there or what is new. */
    put: (step: number, files: Files, lineage?: Lineage) =>
      Effect.gen(function* () {
        yield* fs.makeDirectory(directory, { recursive: true })
        yield* settle(step)
        yield* erase(saving(step))
        yield* fs.makeDirectory(saving(step))
        const manifest = yield* Manifest.make(files, lineage)
        for (const [name, bytes] of Object.entries(files)) yield* Disk.writeFile(path.join(saving(step), name), bytes)
        yield* Disk.writeFile(path.join(saving(step), Manifest.fileName), Manifest.encode(manifest))
        yield* Disk.sync(saving(step))
        yield* swap(step)
      }).pipe(Effect.onError(() => Effect.ignore(Effect.andThen(settle(step), erase(saving(step)))))),
    remove: Effect.fnUntraced(function* (step: number) {
      yield* settle(step)
      yield* erase(removed(step))
      if (!(yield* fs.exists(place(step)))) return
      yield* fs.rename(place(step), removed(step))
      yield* erase(removed(step))
    }, Effect.uninterruptible),
    /** Clears away what was left behind by writes and removals that were cut. */
    recover: Effect.gen(function* () {
      yield* Effect.forEach(yield* stepsIn("replaced"), settle)
      yield* Effect.forEach(yield* stepsIn("saving"), (step) => erase(saving(step)))
      yield* Effect.forEach(yield* stepsIn("removed"), (step) => erase(removed(step)))
    })
  }
})
