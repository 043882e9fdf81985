/** Files of rows by their extension. */
import { mkdtempSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "@effect/vitest"
import { Effect } from "effect"
import { byExtension } from "../../../src/Data/File/ByExtension.ts"

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
  ["a.tsv", "x\ttext\n.5\tc\n", [{ x: 0.5, text: "c" }]],
  ["a.txt", "\ufeffone\r\n\r\ntwo", [{ text: "one" }, { text: "two" }]]
])("%s", ([name, content, rows]) => Effect.map(open(name, content), (read) => expect(read).toEqual(rows)))

it.effect("another extension is refused, and told which there are", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(open("a.xml", ""))
    expect(error.message).toContain("has an ending that is none of")
  })
)
