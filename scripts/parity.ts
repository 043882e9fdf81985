/**
 * Checks PARITY.md: its rows are exactly those of test/golden/parity.md, section by section and in order; a row says where its item
 * lives and what proves it in files that exist, or "not yet"; the deliberate differences are lettered from (a) on without a gap. `node scripts/parity.ts [file]`
 */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"

interface Row {
  readonly line: number
  readonly section: string
  readonly cells: ReadonlyArray<string>
}

const root = join(import.meta.dirname, "..")

/** The rows of a document's tables, without their heads. */
const rowsOf = (lines: ReadonlyArray<string>): ReadonlyArray<Row> => {
  let section = ""
  return lines.flatMap((text, index) => {
    if (text.startsWith("## ")) section = text.slice(3)
    if (!text.startsWith("| ") || lines[index + 1]?.startsWith("|---")) return []
    const cells = text.split("|").slice(1, -1)
    return [{ line: index + 1, section, cells: cells.map((cell) => cell.trim()) }]
  })
}

const linesOf = (file: string) => readFileSync(file, "utf8").split("\n")
const file = process.argv[2] ?? join(root, "PARITY.md")
const lines = linesOf(file)
const rows = rowsOf(lines)
const wanted = rowsOf(linesOf(join(root, "test/golden/parity.md")))
const findings: Array<string> = []

const nameOf = ({ section, cells }: Row) => `"${cells[0]}" of "${section}"`
const left = [...rows]
for (const want of wanted) {
  const at = left.findIndex((row) => nameOf(row) === nameOf(want))
  if (at < 0) findings.push(`1: row missing: ${nameOf(want)}`)
  else left.splice(at, 1)
}
for (const row of left) findings.push(`${row.line}: row too many: ${nameOf(row)}`)
const misplaced = rows.find((row, at) => wanted[at] === undefined || nameOf(row) !== nameOf(wanted[at]))
if (findings.length === 0 && misplaced !== undefined) findings.push(`${misplaced.line}: row out of order: ${nameOf(misplaced)}`)

for (const { line, cells } of rows) {
  const [item, lives = "", proof = "", ...more] = cells
  if (more.length > 0 || cells.length < 3) findings.push(`${line}: "${item}" needs three cells`)
  for (const cell of [lives, proof]) {
    const files = [...cell.matchAll(/`([^`\s]+\/[^`\s]+)`/g)].map((match) => match[1]!)
    if (cell !== "not yet" && files.length === 0) findings.push(`${line}: "${item}" names no file and does not say "not yet"`)
    for (const named of files)
      if (!existsSync(join(root, named))) findings.push(`${line}: "${item}" names ${named}, which does not exist`)
  }
  if (proof !== "not yet" && !/`test\//.test(proof)) findings.push(`${line}: "${item}" is proved by no test`)
}

const listed = lines.slice(lines.indexOf("## Deliberate differences")).flatMap((text) => /^- \((\w)\) \S/.exec(text)?.[1] ?? [])
const letters = listed.map((_, index) => String.fromCharCode(97 + index))
if (listed.length === 0 || listed.join() !== letters.join())
  findings.push(`${lines.length}: the deliberate differences are lettered from (a) on, in order; found ${listed.join()}`)

for (const finding of findings) console.error(`PARITY.md:${finding}`)
const proved = rows.filter(({ cells }) => cells[2] !== "not yet").length
console.log(findings.length === 0 ? `${rows.length} rows, ${proved} proved` : `${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1
