import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Schema, type Scope } from "effect"
import fc from "fast-check"
import { parquetWriteBuffer } from "hyparquet-writer"
import { afterAll, describe, expect, test } from "vitest"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Csv from "../../src/Data/File/Csv.ts"
import * as Files from "../../src/Data/File/Files.ts"
import * as Json from "../../src/Data/File/Json.ts"
import * as Jsonl from "../../src/Data/File/Jsonl.ts"
import * as Parquet from "../../src/Data/File/Parquet.ts"

const cases = { numRuns: 250 }
const folder = mkdtempSync(join(tmpdir(), "regimen-files-"))
afterAll(() => rmSync(folder, { recursive: true }))

const Row = Schema.Struct({ text: Schema.String, n: Schema.Number, ids: Schema.Array(Schema.Number) })
type Row = typeof Row.Type

// Text that is hard on files: quotes, separators, line ends, unicode beyond 16 bits, and now and then more than an index's stride.
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "\t", " ", "a", "é", "漢", "🙂", "\\", "") }),
  fc.string({ unit: "grapheme" }),
  fc.integer({ min: 1000, max: 6000 }).map((n) => "x".repeat(n))
)
const row = fc.record({ text, n: fc.integer(), ids: fc.array(fc.integer({ min: -1000, max: 1000 }), { maxLength: 4 }) })
const rows = fc.array(row, { maxLength: 40 })
const asked = fc.array(fc.nat(), { maxLength: 30 })
const blank = fc.constantFrom("", " ", "\t", "\r", " \r")

/** The rows at these indices, and all of them, equal those in memory, however they are read. */
const same = (
  written: ReadonlyArray<Row>,
  wanted: ReadonlyArray<number>,
  open: Effect.Effect<Dataset.Dataset<Row>, Dataset.DataError, Scope.Scope>
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const file = yield* open
        const memory = Dataset.fromArray(written)
        expect(file.size).toBe(written.length)
        const all = written.map((_, i) => i)
        const indices = written.length === 0 ? [] : wanted.map((i) => i % written.length)
        expect(yield* file.rows(indices)).toEqual(yield* memory.rows(indices))
        expect(yield* file.rows(all)).toEqual(written)
        for (const i of indices.slice(0, 3)) expect(yield* file.rows([i])).toEqual([written[i]])
        const [inFile, inMemory] = yield* Effect.forEach([file, memory], (dataset) =>
          dataset.pipe(
            Dataset.concatenate(dataset),
            Dataset.shuffle({ seed: 3 }),
            Dataset.map((row, i) => ({ ...row, i })),
            Dataset.filter((row) => row.n % 3 !== 0),
            Effect.flatMap(Dataset.split({ heldOut: 0.3, key: (row) => row.text })),
            Effect.flatMap(({ heldOut, train }) =>
              Effect.all([train, heldOut].map((half) => half.rows(Array.from({ length: half.size }, (_, i) => i))))
            )
          )
        )
        expect(inFile).toEqual(inMemory)
      })
    )
  )

let count = 0
const write = (ending: string, content: string | Uint8Array) => {
  const path = join(folder, `${count++ % 4}${ending}`)
  writeFileSync(path, content)
  return path
}

describe("rows of a file equal those in memory", () => {
  test("JSON Lines, with blank lines, either line end and a byte order mark", () =>
    fc.assert(
      fc.asyncProperty(
        rows,
        asked,
        fc.array(blank, { maxLength: 6 }),
        fc.constantFrom("\n", "\r\n"),
        fc.boolean(),
        fc.boolean(),
        (rows, wanted, blanks, end, mark, ended) => {
          const lines = rows.map((row, i) => (blanks[i] === undefined ? "" : blanks[i] + end) + JSON.stringify(row))
          const file = write(".jsonl", (mark ? "\uFEFF" : "") + lines.join(end) + (ended ? end : ""))
          return same(rows, wanted, Jsonl.open(file, Row))
        }
      ),
      cases
    ))

  test("JSON, an array alone or as the data of an object", () =>
    fc.assert(
      fc.asyncProperty(rows, asked, fc.boolean(), (rows, wanted, alone) =>
        same(rows, wanted, Json.open(write(".json", JSON.stringify(alone ? rows : { version: "1", data: rows })), Row))
      ),
      cases
    ))

  test("CSV, with quotes, newlines within them, empty lines, either line end and a byte order mark", () =>
    fc.assert(
      fc.asyncProperty(
        rows,
        asked,
        fc.array(fc.boolean(), { maxLength: 6 }),
        fc.constantFrom("\n", "\r\n"),
        fc.constantFrom(",", ";", "\t"),
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
        (rows, wanted, blanks, end, separator, [mark, ended, named]) => {
          const FromText = Schema.Struct({
            text: Schema.String,
            n: Schema.FiniteFromString,
            ids: Schema.fromJsonString(Schema.Array(Schema.Number))
          })
          const value = (text: string) =>
            new RegExp(`["\\n\\r${separator}]`).test(text) ? `"${text.replaceAll('"', '""')}"` : text
          const lines = rows.map(
            (row, i) => (blanks[i] ? end : "") + [row.text, String(row.n), JSON.stringify(row.ids)].map(value).join(separator)
          )
          const columns = ["text", "n", "ids"]
          const content = [...(named ? [columns.join(separator)] : []), ...lines].join(end)
          const file = write(".csv", (mark ? "\uFEFF" : "") + content + (ended ? end : ""))
          return same(rows, wanted, Csv.open(file, FromText, { separator, ...(named ? {} : { columns }) }))
        }
      ),
      cases
    ))

  test("Parquet, with groups of any size, and one group kept", () =>
    fc.assert(
      fc.asyncProperty(
        rows,
        asked,
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 3 }),
        (rows, wanted, group, kept) => {
          fc.pre(rows.length > 0)
          return same(rows, wanted, Parquet.open(write(".parquet", parquetOf(rows, group)), Row, { kept }))
        }
      ),
      cases
    ))

  test("folders of any kind", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          rows.filter((rows) => rows.length > 0),
          { minLength: 1, maxLength: 4 }
        ),
        asked,
        fc.constantFrom("jsonl", "json", "parquet"),
        (parts, wanted, kind) => {
          const path = join(folder, "parts")
          rmSync(path, { recursive: true, force: true })
          mkdirSync(path)
          writeFileSync(join(path, "_SUCCESS"), "")
          for (const [i, part] of parts.entries()) {
            const lines = part.map((row) => JSON.stringify(row)).join("\n")
            const content = kind === "jsonl" ? lines : kind === "json" ? JSON.stringify(part) : parquetOf(part, 5)
            writeFileSync(join(path, `part-${i}.${kind}`), content)
          }
          return same(parts.flat(), wanted, Files.open(path, Row))
        }
      ),
      cases
    ))
})

const parquetOf = (rows: ReadonlyArray<Row>, rowGroupSize: number) =>
  new Uint8Array(
    parquetWriteBuffer({
      rowGroupSize,
      columnData: [
        { name: "text", data: rows.map((row) => row.text), type: "STRING" },
        { name: "n", data: rows.map((row) => BigInt(row.n)), type: "INT64" },
        { name: "ids", data: rows.map((row) => row.ids), type: "JSON" }
      ]
    })
  )
