/** The logger that draws: every figure becomes a picture in a folder. */
import { Effect, FileSystem, Layer, Path } from "effect"
import * as Picture from "../../Format/Picture.ts"
import * as Background from "./Background.ts"
import { type Figure, Logger } from "./Logger.ts"

/**
 * Writes each figure as `<folder>/<name>.svg`, whole or not at all; a later figure of the same name takes its place. Other entries are passed over.
 */
export const layer = (folder: string): Layer.Layer<Logger, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Logger,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const background = yield* Background.make(
        yield* Background.warnOnce(`figures (${folder})`),
        Effect.fnUntraced(function* (batch: ReadonlyArray<Figure>) {
          yield* fs.makeDirectory(folder, { recursive: true })
          const newest = new Map(batch.map((entry) => [fileName(entry.name), entry]))
          for (const [name, entry] of newest) {
            const file = path.join(folder, `${name}.svg`)
            yield* fs.writeFileString(`${file}.tmp`, Picture.render(entry.figure, { title: titleOf(entry) }))
            yield* fs.rename(`${file}.tmp`, file)
          }
        })
      )
      return {
        log: (entry) => (entry._tag === "Figure" ? Effect.sync(() => background.offer(entry)) : Effect.void),
        flush: background.flush
      }
    })
  )

/** A name that every file system takes, and that stays in the folder. */
const fileName = (name: string): string => name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 100) || "figure"

const titleOf = (entry: Figure): string => `${entry.name.replaceAll("_", " ")}, step ${entry.step.toLocaleString("en")}`
