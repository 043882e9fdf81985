import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Effect, Schema, type Scope } from "effect"
import { parquetWriteBuffer } from "hyparquet-writer"
import { afterAll, describe, expect, test } from "vitest"
import type * as Dataset from "../../../../src/Data/Dataset.ts"
import * as Csv from "../../../../src/Data/File/Csv.ts"
import * as Files from "../../../../src/Data/File/Files.ts"
import * as Json from "../../../../src/Data/File/Json.ts"
import * as Jsonl from "../../../../src/Data/File/Jsonl.ts"
import * as Parquet from "../../../../src/Data/File/Parquet.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-errors-"))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, content: string | Uint8Array) => {
  writeFileSync(join(folder, name), content)
  return join(folder, name)
}

/** The error message of opening the file and reading the rows, without the folder's name. */
const messageOf = <A>(
  open: Effect.Effect<Dataset.Dataset<A>, Dataset.DataError, Scope.Scope>,
  indices: ReadonlyArray<number> = [],
  meanwhile: () => void = () => {}
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flip(
        Effect.flatMap(open, (data) => {
          meanwhile()
          return data.rows(indices)
        })
      )
    )
  ).then((error) => error.message.replaceAll(`${folder}/`, ""))

const Row = Schema.Struct({ x: Schema.Number, deep: Schema.optionalKey(Schema.Struct({ y: Schema.Array(Schema.Number) })) })
const FromText = Schema.Struct({ a: Schema.String, b: Schema.FiniteFromString })

describe("errors of data files name file, row and column", () => {
  test("JSON Lines", async () => {
    const file = write("a.jsonl", '{"x":1}\n\n{"x":"2"}\n{"x":3\n{"x":4,"deep":{"y":[1,"z"]}}\n{}\n')
    expect(await messageOf(Jsonl.open(file, Row), [0, 1])).toMatch(/^a.jsonl, row 1, column "x": Expected number, got "2"/)
    expect(await messageOf(Jsonl.open(file, Row), [2])).toMatch(/^a.jsonl, row 2: is not JSON: /)
    expect(await messageOf(Jsonl.open(file, Row), [3])).toMatch(
      /^a.jsonl, row 3, column "deep": at y.1: Expected number, got "z"/
    )
    expect(await messageOf(Jsonl.open(file, Row), [4])).toMatch(/^a.jsonl, row 4, column "x": Missing key/)
    expect(await messageOf(Jsonl.open(file, Row), [5])).toBe("row 5: is out of range for a dataset of 5 rows")
    expect(await messageOf(Jsonl.open(write("bytes.jsonl", Uint8Array.of(34, 255, 34)), Schema.String), [0])).toBe(
      "bytes.jsonl, row 0: is not UTF-8: convert the file"
    )
    expect(await messageOf(Jsonl.open(join(folder, "none.jsonl"), Row))).toBe("none.jsonl: cannot be opened (ENOENT)")
    expect(await messageOf(Jsonl.open(folder, Row))).toMatch(/is not a file$/)
  })

  test("a file that is truncated or changed while it is open", async () => {
    const file = write("truncated.jsonl", '{"x":1}\n{"x":2}\n')
    expect(await messageOf(Jsonl.open(file, Row), [1], () => truncateSync(file, 9))).toBe(
      "truncated.jsonl: ends at byte 9: it was truncated after it was opened"
    )
    write("truncated.jsonl", '{"x":1}\n{"x":2}\n')
    expect(await messageOf(Jsonl.open(file, Row), [1], () => writeFileSync(file, " ".repeat(16)))).toMatch(/the file was changed/)
  })

  test("CSV", async () => {
    const open = (content: string) => Csv.open(write("a.csv", content), FromText)
    expect(await messageOf(open('a,b\n"x\n",1\ny,z\n'), [0, 1])).toMatch(/^a.csv, row 1, column "b": .*finite/i)
    expect(await messageOf(open("a,b\n1\n"), [0])).toBe("a.csv, row 0: has 1 values for 2 columns")
    expect(await messageOf(open("a,b\n1,2,\n"), [0])).toBe("a.csv, row 0: has 3 values for 2 columns")
    expect(await messageOf(open('a,b\n"x"y,2\n'), [0])).toMatch(/^a.csv, row 0, column "a": continues after its closing quote/)
    expect(await messageOf(open('a,b\nx"",2\n'), [0])).toMatch(/^a.csv, row 0, column "a": contains a quote but is not quoted/)
    expect(await messageOf(open('a,b\n5" pipe,2\n6" pipe,3\n'), [0])).toMatch(/^a.csv, row 0, column "a": contains a quote/)
    expect(await messageOf(open('a,b\n"x,2\n'))).toBe("a.csv, row 1: has a quote that is never closed")
    expect(await messageOf(open("a,a\n1,2\n"))).toBe('a.csv: has two columns called "a"')
    expect(await messageOf(open(""))).toMatch(/has no header/)
  })

  test("JSON", async () => {
    expect(await messageOf(Json.open(write("a.json", '[{"x":1},{"x":null}]'), Row), [0, 1])).toMatch(/^a.json, row 1, column "x"/)
    expect(await messageOf(Json.open(write("a.json", "{}"), Row))).toBe(
      "a.json: is neither an array of rows nor an object with such an array as `data`"
    )
    expect(await messageOf(Json.open(write("a.json", "["), Row))).toMatch(/^a.json: is not JSON/)
  })

  test("Parquet", async () => {
    const columnData = [{ name: "x", data: [1, 2, 3, null], type: "DOUBLE" as const, nullable: true }]
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 }))
    expect(await messageOf(Parquet.open([write("a.parquet", bytes), write("b.parquet", bytes)], Row), [0, 7])).toMatch(
      /^b.parquet, row 3, column "x": Expected number, got null/
    )
    expect(await messageOf(Parquet.open(write("c.parquet", "not a table at all"), Row))).toMatch(
      /^c.parquet: is not a Parquet file: /
    )
    const broken = bytes.slice().fill(255, 4, 12)
    expect(await messageOf(Parquet.open(write("d.parquet", broken), Row), [0])).toMatch(
      /^d.parquet, row 0: is the first row of a row group that cannot/
    )
  })

  test("folders", async () => {
    const at = (name: string) => join(folder, name)
    expect(await messageOf(Files.open(write("a.txt", ""), Row))).toMatch(
      /^a.txt: has an unsupported extension; supported are .jsonl/
    )
    expect(await messageOf(Files.open(at("nowhere"), Row))).toBe("nowhere: cannot be opened (ENOENT)")
    mkdirSync(at("mixed"))
    expect(await messageOf(Files.open(at("mixed"), Row))).toMatch(/^mixed: contains no file with an extension of/)
    write("mixed/a.jsonl", '{"x":1}')
    write("mixed/b.jsonl", '{"x":true}')
    expect(await messageOf(Files.open(at("mixed"), Row), [1])).toMatch(
      /^mixed\/b.jsonl, row 0, column "x": Expected number, got true/
    )
    write("mixed/c.csv", "x\n1")
    expect(await messageOf(Files.open(at("mixed"), Row))).toMatch(
      /^mixed: contains several formats \(jsonl, csv\): keep only one/
    )
  })
})

test("Parquet reads 64-bit integers as numbers if safe, else as bigints, and exposes its row groups as blocks", async () => {
  const columnData = [{ name: "x", data: [1n, 2n ** 60n, -5n], type: "INT64" as const }]
  const file = write("big.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 })))
  const program = Effect.gen(function* () {
    const data = yield* Parquet.open(file, Schema.Struct({ x: Schema.Union([Schema.Number, Schema.BigInt]) }))
    expect(data.blocks).toEqual([2, 1])
    return yield* data.rows([2, 1, 0])
  })
  expect(await Effect.runPromise(Effect.scoped(program))).toEqual([{ x: -5 }, { x: 2n ** 60n }, { x: 1 }])
})
