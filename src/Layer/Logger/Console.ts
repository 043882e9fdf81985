/** The logger that writes lines: one an entry, to standard output. */
import { Effect, Layer, Stdio, Terminal } from "effect"
import * as Background from "./Background.ts"
import * as EntryLine from "./EntryLine.ts"
import { type Entry, Logger } from "./Logger.ts"

/**
 * Writes one line an entry: step, epoch, kind, then the figures, aligned. No control characters, ever; in a terminal, a line that is too
 * wide goes on below.
 */
export const layer: Layer.Layer<Logger, never, Terminal.Terminal | Stdio.Stdio> = Layer.effect(
  Logger,
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    const isTerminal = yield* (yield* Stdio.Stdio).stdoutIsTerminal
    let title = ""
    const background = yield* Background.make(
      "console",
      Effect.fnUntraced(function* (batch: ReadonlyArray<Entry>) {
        const columns = (isTerminal ? yield* terminal.columns : 0) || Infinity
        const lines = batch.flatMap((entry) => {
          const before = title
          title = EntryLine.title(entry)
          return [...(title === before ? [] : [title]), EntryLine.render(entry, columns)]
        })
        yield* terminal.display(`${lines.join("\n")}\n`)
      })
    )
    return { log: (entry) => Effect.sync(() => background.offer(entry)), flush: background.flush }
  })
)
