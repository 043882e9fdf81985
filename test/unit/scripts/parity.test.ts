import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"

const checkout = join(import.meta.dirname, "../../..")
const page = readFileSync(join(checkout, "PARITY.md"), "utf8")
const folder = mkdtempSync(join(tmpdir(), "parity-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const check = (text: string) => {
  writeFileSync(join(folder, "PARITY.md"), text)
  const { status, stderr } = spawnSync(process.execPath, [join(checkout, "scripts/parity.ts"), join(folder, "PARITY.md")], {
    encoding: "utf8"
  })
  return { status, findings: stderr.trim().replace(/:\d+:/g, ":") }
}

/** The line of an item, as it stands now. */
const rowOf = (item: string) => page.split("\n").find((line) => line.startsWith(`| ${item} |`))!
const args = rowOf("Trainer.args")
const model = rowOf("Trainer.model")

describe("PARITY.md", () => {
  it("is complete", () => {
    expect(check(page)).toEqual({ status: 0, findings: "" })
  })

  it.each([
    ["a row is missing", page.replace(`${args}\n`, ""), 'row missing: "Trainer.args" of "B. Trainer constructor"'],
    ["a row is too many", page.replace(args, `${args}\n${args}`), 'row too many: "Trainer.args" of "B. Trainer constructor"'],
    [
      "rows changed places",
      page.replace(`${model}\n${args}`, `${args}\n${model}`),
      'row out of order: "Trainer.args" of "B. Trainer constructor"'
    ],
    [
      "a file does not exist",
      page.replace(args, "| Trainer.args | `src/Nowhere.ts` | not yet |"),
      '"Trainer.args" names src/Nowhere.ts, which does not exist'
    ],
    [
      "a cell says nothing",
      page.replace(args, "| Trainer.args |  | not yet |"),
      '"Trainer.args" names no file and does not say "not yet"'
    ],
    [
      "no test proves it",
      page.replace(args, "| Trainer.args | not yet | `src/index.ts` |"),
      '"Trainer.args" is proved by no test'
    ],
    [
      "a difference is missing",
      page.replace(/^- \(h\).*\n/m, ""),
      "the deliberate differences are lettered from (a) on, in order; found a,b,c,d,e,f,g,i,j,k,l,m,n,o,p,q,r,s,t"
    ]
  ])("is refused when %s", (_, text, finding) => {
    expect(check(text)).toEqual({ status: 1, findings: `PARITY.md: ${finding}` })
  })
})
