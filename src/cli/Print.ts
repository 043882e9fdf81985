/** Prints messages, wrapped between words where the stream is a terminal. Otherwise a message stays on one line, for grep. */
import { Console, Effect } from "effect"
import * as Wrap from "../Format/Wrap.ts"
import * as Screen from "../Layer/Logger/Screen.ts"

/** The columns of standard output; `Infinity` if it is not a terminal. */
export const columns = Effect.flatMap(Screen.make, (screen) => screen.columns)

/** Prints to standard output. */
export const log = (text: string) => Effect.flatMap(columns, (columns) => Console.log(Wrap.text(text, columns)))

/** Prints to standard error. */
export const error = (text: string) => Effect.suspend(() => Console.error(wrapped(text)))

/** Wraps a text for standard error. */
export const wrapped = (
  text: string,
  stream: { readonly isTTY?: boolean; readonly columns?: number } = process.stderr
): string => (stream.isTTY === true ? Wrap.text(text, stream.columns || Screen.defaultColumns) : text)
