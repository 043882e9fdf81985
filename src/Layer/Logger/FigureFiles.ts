/** The logger that writes every figure as an SVG file in a folder. */
import { type Config, Effect, FileSystem, Layer, Path } from "effect"
import * as FigureSvg from "../../Format/FigureSvg.ts"
import * as BackgroundQueue from "./BackgroundQueue.ts"
import { type Figure, Logger } from "./Logger.ts"

/**
 * Writes each figure as `<folder>/<name>.svg`, atomically; a later figure of the same name replaces it. Other entries are ignored.
 */
export const layer = (folder: string): Layer.Layer<Logger, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    Logger,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const background = yield* BackgroundQueue.make(
        yield* BackgroundQueue.warnOnce(`figures (${folder})`),
        Effect.fnUntraced(function* (batch: ReadonlyArray<Figure>) {
          yield* fs.makeDirectory(folder, { recursive: true })
          const newest = new Map(batch.map((entry) => [fileName(entry.name), entry]))
          for (const [name, entry] of newest) {
            const file = path.join(folder, `${name}.svg`)
            yield* fs.writeFileString(`${file}.tmp`, FigureSvg.render(entry.figure, { title: titleOf(entry) }))
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

/** Like `layer`, with the folder from the configuration. **Errors**: `ConfigError`. */
export const layerConfig = (
  folder: Config.Config<string>
): Layer.Layer<Logger, Config.ConfigError, FileSystem.FileSystem | Path.Path> => Layer.unwrap(Effect.map(folder, layer))

/** Returns a file name that every file system accepts and that cannot leave the folder. */
const fileName = (name: string): string => name.replace(/[^\p{L}\p{N}_-]+/gu, "-").slice(0, 100) || "figure"

const titleOf = (entry: Figure): string => `${entry.name.replaceAll("_", " ")}, step ${entry.step.toLocaleString("en")}`
