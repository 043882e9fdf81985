import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import type { RandomAccess } from "../../../../src/Data/File/RandomAccess.ts"
import * as TextRows from "../../../../src/Data/File/TextRows.ts"

/** An in-memory file that counts the bytes read. */
const make = (text: string) => {
  const bytes = new TextEncoder().encode(text)
  const counted = { bytes: 0 }
  const file: RandomAccess = {
    path: "rows",
    size: bytes.length,
    read: (start, end) =>
      Effect.sync(() => {
        counted.bytes += end - start
        return bytes.slice(start, end)
      })
  }
  return { file, counted }
}

describe("TextRows", () => {
  it.effect("reads a row with at most 4,096 bytes of preceding rows, across chunks", () =>
    Effect.gen(function* () {
      // Three megabytes: the index is built in chunks, and rows span their boundaries.
      const lines = Array.from({ length: 50_000 }, (_, i) => `${i} `.padEnd(40 + ((i * 7919) % 41), "."))
      const { file, counted } = make(lines.join("\n"))
      const rows = yield* TextRows.index(file, TextRows.lines)
      assert.strictEqual(rows.size, 50_000)
      assert.strictEqual(counted.bytes, file.size)
      for (const row of [0, 1, 777, 17_476, 17_477, 26_000, 49_999]) {
        counted.bytes = 0
        const [found] = yield* rows.rows([row])
        assert.strictEqual(new TextDecoder().decode(found), lines[row])
        assert.isAtMost(counted.bytes, 4096 + 82)
      }
      const all = yield* rows.rows(lines.map((_, i) => i))
      assert.isTrue(all.every((row, i) => new TextDecoder().decode(row) === lines[i]))
    })
  )

  it.effect("finds quoted rows that span chunks", () =>
    Effect.gen(function* () {
      const long = `"${'a,""\n'.repeat(300_000)}"`
      const { file } = make(`x\n${long}\n\ny\n`)
      const rows = yield* TextRows.index(file, TextRows.quotedLines)
      assert.strictEqual(rows.size, 3)
      assert.deepEqual(
        (yield* rows.rows([1, 2])).map((row) => row.length),
        [long.length, 1]
      )
    })
  )
})
