/**
 * Writes docs/differences.md from PARITY.md: where we differ from the Trainer on purpose, what is refused by name, what changes nothing.
 * `node scripts/differences.ts` writes it, `--check` says whether it is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Field } from "../src/Arguments/Field.ts"
import { seq2seq } from "../src/Arguments/Fields.ts"

const root = join(import.meta.dirname, "..")
const read = (file: string) => readFileSync(join(root, file), "utf8")

const parity = read("PARITY.md").split("\n")
const listed = parity.slice(parity.indexOf("## Deliberate differences")).filter((line) => /^- \(\w\) /.test(line))

const rows = parity.flatMap((line) => {
  const cells = line.split("|").slice(1, -1)
  return line.startsWith("| ") && cells.length === 3 ? [cells.map((cell) => cell.trim())] : []
})

const items = (pattern: RegExp) =>
  rows.flatMap(([item = "", ...cells]) => (cells.some((cell) => pattern.test(cell)) ? [item] : []))

const fields: Readonly<Record<string, Field<unknown>>> = seq2seq
/** Why an argument changes nothing. */
const reason = (item: string) => fields[item.replace(/^.*Arguments\./, "")]?.idle

const refusals = items(/refused by name|typed refusal|^`test\/unit\/Arguments\/NotSupported\.test\.ts`$/).map((item) =>
  item.replace(/^.*Arguments\./, "")
)
/** What is refused whole is named once, without its values and parameters. */
const refused = refusals.filter(
  (item) =>
    reason(item) === undefined &&
    !refusals.some((other) => item !== other && /^( =|\.| ->|:)/.test(item.slice(other.length)) && item.startsWith(other))
)

const list = (names: ReadonlyArray<string>) => names.map((name) => `\`${name}\``).join(", ")

const page = `# Where we differ from the Trainer

Made from PARITY.md by \`bin/dev differences\`: change that, not this.

The arguments and the Hugging Face Trainer do what the real Trainer does, as recorded. These are the exceptions.

## On purpose

${listed.join("\n")}

## Refused by name

Asking for one of these ends with a typed error that says what is missing and what to do, before anything runs.

Arguments, which are read, checked and kept: ${list(refused.filter((item) => !item.startsWith("Trainer")))}. Of \`optim\`, \`report_to\` and
others that have values of both kinds, only the values that are missing are refused.

Other features: ${list(refused.filter((item) => item.startsWith("Trainer")))}.

## Without effect

| argument | why it changes nothing |
|---|---|
${items(/no-op/)
  .map(
    (item) =>
      `| \`${item.replace(/^.*Arguments\./, "")}\` | ${reason(item) ?? "A run is one process: batches are neither split nor dispatched."} |`
  )
  .join("\n")}
`

const file = join(root, "docs/differences.md")
if (!process.argv.includes("--check")) writeFileSync(file, page)
else if (readFileSync(file, "utf8") !== page) {
  console.error("docs/differences.md: is not what PARITY.md says. Run bin/dev differences.")
  process.exitCode = 1
}
