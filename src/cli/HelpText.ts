/** The help on a command, as text that fits the terminal. **Unit**: `columns` of the terminal. */
import { Option } from "effect"
import { CliOutput, type HelpDoc } from "effect/cli"
import * as Wrap from "../Format/Wrap.ts"

/** Writes help within so many columns; everything else is written as usual. */
export const formatter = (columns: number): CliOutput.Formatter => ({
  ...CliOutput.defaultFormatter({ colors: false }),
  formatHelpDoc: (doc) => render(doc, columns)
})

/** Writes the sections of a command's help. */
export const render = (doc: HelpDoc.HelpDoc, columns: number): string => {
  const flags = (title: string, docs: ReadonlyArray<HelpDoc.FlagDoc> = []) =>
    section(
      title,
      docs.map((flag) => [[`--${flag.name}`, ...flag.aliases].join(", ") + kind(flag), text(flag)]),
      columns
    )
  const groups = (doc.subcommands ?? []).flatMap(({ commands }) => commands)
  return [
    `DESCRIPTION\n${indented(doc.description, columns, 2)}`,
    `USAGE\n  ${doc.usage}`,
    section(
      "ARGUMENTS",
      (doc.args ?? []).map((arg) => [arg.variadic ? `${arg.name}...` : arg.name, text(arg)]),
      columns
    ),
    flags("FLAGS", doc.flags),
    section(
      "SUBCOMMANDS",
      groups.map(({ name, shortDescription, description }) => [name, shortDescription ?? description]),
      columns
    ),
    flags("GLOBAL FLAGS", doc.globalFlags),
    examples(doc.examples ?? [], columns)
  ]
    .filter((part) => part !== "")
    .join("\n\n")
}

const text = ({ description }: { readonly description: Option.Option<string> }) => Option.getOrElse(description, () => "")

/** The values of a choice are in its description. */
const kind = ({ type }: HelpDoc.FlagDoc): string => (type === "boolean" ? "" : ` <${type.includes("|") ? "choice" : type}>`)

/** Two columns, the second of which is broken between words. */
const section = (title: string, rows: ReadonlyArray<readonly [name: string, text: string]>, columns: number): string => {
  if (rows.length === 0) return ""
  const margin = Math.min(26, Math.max(...rows.map(([name]) => name.length)) + 4)
  const lines = rows.map(([name, text]) => {
    const body = indented(text, columns, margin)
    return name.length + 4 <= margin ? `  ${name.padEnd(margin - 2)}${body.trimStart()}` : `  ${name}\n${body}`
  })
  return [title, ...lines].join("\n")
}

const examples = (docs: ReadonlyArray<HelpDoc.ExampleDoc>, columns: number): string =>
  docs.length === 0
    ? ""
    : `EXAMPLES\n${docs.map(({ command, description = "" }) => `  # ${description}\n${indented(command, columns - 2, 2).replaceAll("\n", " \\\n  ")}`).join("\n\n")}`

/** A text broken between words, each line behind so many spaces. */
export const indented = (text: string, columns: number, margin: number): string =>
  Wrap.text(text, columns - margin).replaceAll(/^/gm, " ".repeat(margin))
