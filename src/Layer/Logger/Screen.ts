/** Standard output for loggers: whether it is a terminal, its width, and a write that survives a closed pipe. */
import { Effect, Stdio, Stream, Terminal } from "effect"

export interface Screen {
  readonly isTerminal: boolean
  /** **Unit**: columns; `Infinity` if the output is no terminal (a pipe, a file). */
  readonly columns: Effect.Effect<number>
  /** What cannot be written is dropped: once standard output is gone, a warning about it would go the same way, and end the process. */
  readonly write: (text: string) => Effect.Effect<void>
}

/** Takes the screen from Effect's services. (`Terminal.display` would do to write, but there a closed pipe ends the process.) */
export const make: Effect.Effect<Screen, never, Terminal.Terminal | Stdio.Stdio> = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  const stdio = yield* Stdio.Stdio
  const isTerminal = yield* stdio.stdoutIsTerminal
  return {
    isTerminal,
    columns: isTerminal
      ? Effect.map(terminal.columns, (columns) => (columns > 0 ? columns : defaultColumns))
      : Effect.succeed(Infinity),
    write: (text) => Effect.catchCause(Stream.run(Stream.make(text), stdio.stdout()), () => Effect.void)
  }
})

/**
 * Takes the bars away. The cursor rests in the first column of the first of them between two writes: a terminal that has been resized keeps it there.
 */
export const erase = "\r\u001b[J"

/** The width of a terminal that does not report one. **Unit**: columns. */
export const defaultColumns = 80
