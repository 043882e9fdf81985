/** Files of rows by their extension. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { byExtension } from "../../../src/Data/File/UntypedFiles.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-"))
const open = Effect.fnUntraced(function* (name: string, content: string) {
  writeFileSync(join(folder, name), content)
  const data = yield* byExtension(join(folder, name))
  return yield* data.rows(Array.from({ length: data.size }, (_, i) => i))
}, Effect.scoped)

it.effect.each<readonly [string, string, ReadonlyArray<unknown>]>([
  ["a.jsonl", '{"x":1}\n{"x":2}\n', [{ x: 1 }, { x: 2 }]],
  ["a.json", '[{"x":[1,2]}]', [{ x: [1, 2] }]],
  [
    "a.csv",
    'x,text\n1,"a, b"\n-2.5e3,007x\n',
    [
      { x: 1, text: "a, b" },
      { x: -2500, text: "007x" }
    ]
  ],
  [
    "texts.csv",
    "text,id,x,label\n0123,a,1.50,\n1e3,7,,2\nnone,8,3,3\n",
    [
      { text: "0123", id: "a", x: 1.5, label: "" },
      { text: "1e3", id: "7", x: "", label: 2 },
      { text: "none", id: "8", x: 3, label: 3 }
    ]
  ],
  ["empty.csv", "x,text\n", []],
  ["a.tsv", "x\ttext\n.5\tc\n", [{ x: 0.5, text: "c" }]],
  ["a.txt", "\ufeffone\r\n\r\ntwo", [{ text: "one" }, { text: "" }, { text: "two" }]],
  ["ended.txt", "one\n\n", [{ text: "one" }, { text: "" }]],
  ["none.txt", "", []]
])("%s", ([name, content, rows]) => Effect.map(open(name, content), (read) => expect(read).toEqual(rows)))

it.effect("refuses an unsupported extension, with the supported ones", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(open("a.xml", ""))
    expect(error.message).toContain("has an unsupported extension; supported are .jsonl")
  })
)

it.effect("reads a column as text if any cell is not numeric, also after the first chunk", () =>
  Effect.gen(function* () {
    const cells = [...Array.from({ length: 2000 }, (_, i) => `0${i}`), "text"]
    const rows = yield* open("long.csv", `x\n${cells.join("\n")}\n`)
    expect(rows.map(({ x }) => x)).toEqual(cells)
  })
)
