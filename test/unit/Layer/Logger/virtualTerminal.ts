/** A terminal for tests: takes what is written to standard output, keeps the bytes, and shows what a person would see. */
import { Effect, Layer, Sink, Stdio, Terminal } from "effect"
import * as TextWidth from "../../../../src/Format/TextWidth.ts"

export interface VirtualTerminal {
  readonly layer: Layer.Layer<Terminal.Terminal | Stdio.Stdio>
  /** Everything that was written. */
  readonly bytes: () => string
  /** The lines on the screen, all of them (nothing scrolls away). */
  readonly lines: () => ReadonlyArray<string>
  readonly cursorVisible: () => boolean
  /** The widest line that was ever drawn. */
  readonly widest: () => number
  readonly resize: (columns: number) => void
}

export const make = (options: {
  readonly isTerminal: boolean
  readonly columns?: number
  readonly fails?: boolean
}): VirtualTerminal => {
  let columns = options.columns ?? 0
  let bytes = ""
  let lines: Array<string> = [""]
  let row = 0
  let column = 0
  let visible = true
  let widest = 0
  const control = (code: string, amount: number) => {
    if (code === "J") lines = [...lines.slice(0, row), (lines[row] ?? "").slice(0, column)]
    else if (code === "A") row = Math.max(0, row - amount)
    else if (code === "l") visible = false
    else if (code === "h") visible = true
    else throw new Error(`a terminal does not know ESC [ ${code}`)
  }
  const write = (text: string) => {
    bytes += text
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them
    for (const [part, amount, code] of text.matchAll(/\u001b\[\??(\d*)([A-Za-z])|\r|\n|[^\u001b\r\n]+/g)) {
      if (code !== undefined) control(code, Number(amount || 1))
      else if (part === "\r") column = 0
      else if (part === "\n") {
        row++
        column = 0
        lines[row] ??= ""
      } else {
        const line = lines[row]!
        lines[row] = line.slice(0, column) + part + line.slice(column + part.length)
        column += part.length
        widest = Math.max(widest, TextWidth.width(lines[row]!))
      }
    }
  }
  const decoder = new TextDecoder()
  const receive = (chunk: string | Uint8Array) =>
    options.fails
      ? Effect.die("standard output is closed")
      : Effect.sync(() => write(typeof chunk === "string" ? chunk : decoder.decode(chunk)))
  const stdio = Stdio.layerTest({
    stdoutIsTerminal: Effect.succeed(options.isTerminal),
    stdout: () => Sink.forEach(receive)
  })
  const terminal = Layer.succeed(
    Terminal.Terminal,
    Terminal.make({
      columns: Effect.sync(() => columns),
      rows: Effect.succeed(24),
      size: Effect.die("not asked for"),
      readInput: Effect.die("not asked for"),
      readLine: Effect.die("not asked for"),
      display: () => Effect.die("a closed pipe would end the process")
    })
  )
  return {
    layer: Layer.merge(stdio, terminal),
    bytes: () => bytes,
    lines: () => lines,
    cursorVisible: () => visible,
    widest: () => widest,
    resize: (to) => {
      columns = to
    }
  }
}
