/** The logger that writes one line per entry to standard output. */
import { Effect, Layer, type Stdio, type Terminal } from "effect"
import * as BackgroundQueue from "./BackgroundQueue.ts"
import * as EntryLine from "./EntryLine.ts"
import { type Entry, Logger } from "./Logger.ts"
import * as Screen from "./Screen.ts"

/**
 * Writes one line per entry: step, epoch, kind, then the numbers, aligned; figures are ignored. No control characters, ever; in a terminal, a line that is too
 * wide is wrapped.
 */
export const layer: Layer.Layer<Logger, never, Terminal.Terminal | Stdio.Stdio> = Layer.effect(
  Logger,
  Effect.gen(function* () {
    const screen = yield* Screen.make
    let title = ""
    let width: number | undefined // of the kinds and sets so far
    const background = yield* BackgroundQueue.make(
      yield* BackgroundQueue.warnOnce("console"),
      Effect.fnUntraced(function* (batch: ReadonlyArray<Entry>) {
        const columns = yield* screen.columns
        const lines = batch.flatMap((entry) => {
          const before = title
          title = EntryLine.title(entry)
          width = EntryLine.widened(entry, width)
          return [...(title === before || title === "" ? [] : [title]), EntryLine.render(entry, columns, width)]
        })
        yield* screen.write(`${lines.join("\n")}\n`)
      })
    )
    return {
      log: (entry) => (entry._tag === "Figure" ? Effect.void : Effect.sync(() => background.offer(entry))),
      flush: background.flush
    }
  })
)
