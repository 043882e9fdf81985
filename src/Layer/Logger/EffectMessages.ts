/** Effect's own log messages (warnings, notices) as plain lines between the entries. */
import { Cause, Effect, type Layer, Logger, type LogLevel, type Stdio, type Terminal } from "effect"
import * as TextWidth from "../../Format/TextWidth.ts"
import * as EntryLine from "./EntryLine.ts"
import * as Screen from "./Screen.ts"

/**
 * Writes Effect's log messages as plain lines, instead of Effect's default format. On a terminal they are wrapped between words, and progress bars
 * are erased until they are drawn again.
 */
export const layer: Layer.Layer<never, never, Terminal.Terminal | Stdio.Stdio> = Logger.layer([
  Effect.gen(function* () {
    const screen = yield* Screen.make
    const columns = yield* screen.columns
    const before = screen.isTerminal ? Screen.erase : ""
    return Logger.withConsoleLog(
      Logger.make(({ cause, logLevel, message }) => {
        const words = `${names[logLevel] ?? ""}${(Array.isArray(message) ? message : [message]).map(String).join(" ")}`
        const lines = [words, ...(cause.reasons.length === 0 ? [] : [Cause.pretty(cause)])].join("\n").split("\n")
        return before + lines.map((line) => EntryLine.text(TextWidth.clean(line), columns)).join("\n")
      })
    )
  })
])

/** Prefixes by level; other levels have none. */
const names: Partial<Record<LogLevel.LogLevel, string>> = { Warn: "Warning: ", Error: "Error: ", Fatal: "Error: " }
