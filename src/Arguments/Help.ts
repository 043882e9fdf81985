/** Formats the help text of all arguments as flags, in groups. */
import * as Wrap from "../Format/Wrap.ts"
import type { Field } from "./Field.ts"
import { type Group, groups } from "./Fields.ts"

/**
 * Formats the help text of all training arguments: each flag by group, with its description, accepted values and default.
 *
 * **Unit**: `columns` of the terminal, by default 80, at least 48; no line is longer.
 */
export const render = (columns = 80): string => renderGroups(groups, columns)

/** Formats the help text of these groups, as `render` does. */
export const renderGroups = (groups: ReadonlyArray<Group>, columns = 80): string =>
  groups
    .map(({ fields, title }) =>
      [title, ...Object.entries(fields).flatMap(([name, field]) => entry(name, field, Math.max(columns, 48)))].join("\n")
    )
    .join("\n\n")

/** The column at which descriptions begin: beside the flags, or below them on a narrow terminal. */
const marginOf = (columns: number): number => (columns < 72 ? 8 : 34)

const entry = (name: string, field: Field<unknown>, columns: number): ReadonlyArray<string> => {
  const flag = `  ${field.kind === "boolean" && field.default === true ? `--[no_]${name}` : `--${name}`}${value(field)}`
  const margin = marginOf(columns)
  const lines = Wrap.text(text(field), columns - margin).split("\n")
  const [first = "", ...rest] = lines
  const indent = " ".repeat(margin)
  return flag.length <= margin - 2
    ? [flag.padEnd(margin) + first, ...rest.map((line) => indent + line)]
    : [flag, ...lines.map((line) => indent + line)]
}

const value = (field: Field<unknown>): string =>
  field.choices !== undefined
    ? field.kind === "list"
      ? " <names>"
      : " <name>"
    : { text: " <text>", number: " <number>", boolean: "", switch: " <text>", json: " <json>", list: " <texts>" }[field.kind]

/** The parts of a field's description. */
export interface Description {
  /** The supported choices; all choices if none is supported. */
  readonly choices: ReadonlyArray<string>
  /** Whether no value but the default is supported. */
  readonly isMissing: boolean
  /** The bounds of a number, as "at least 0". */
  readonly range: string | undefined
}

/** Derives the supported choices and the bounds of a field. */
export const describe = (field: Field<unknown>): Description => {
  const choices = field.choices ?? []
  const supported = choices.filter((choice) => field.missingFeature?.(field.kind === "list" ? [choice] : choice) === undefined)
  const isMissing = field.onlyDefault === true || (choices.length > 0 && supported.length === 0)
  return {
    choices: isMissing ? choices : supported,
    isMissing,
    range: field.kind === "number" ? / of (.*)/.exec(field.expected.replace(", or null", ""))?.[1] : undefined
  }
}

const text = (field: Field<unknown>): string => {
  const { choices, isMissing, range } = describe(field)
  const parts = [field.about, choices.join(", "), range].filter((part) => part !== undefined && part !== "")
  const notes = [
    ...(field.idle === undefined ? [] : [`No effect: ${field.idle.charAt(0).toLowerCase()}${field.idle.slice(1)}`]),
    ...(isMissing ? ["Not supported yet."] : [])
  ]
  return [`${parts.join("; ")}${initial(field.default)}`, ...notes].join(". ")
}

const initial = (value: unknown): string => {
  if (value === null || value === false || value === "" || (Array.isArray(value) && value.length === 0)) return ""
  if (typeof value === "object") return ""
  return ` (default ${typeof value === "number" ? figure(value) : String(value)})`
}

/** Formats a number in its shorter notation: 5e-5. */
export const figure = (value: number): string => {
  const short = value.toExponential().replace("e+", "e")
  return short.length < String(value).length ? short : String(value)
}
