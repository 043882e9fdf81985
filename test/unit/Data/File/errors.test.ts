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

/** What is said when the file is opened and the rows are read; the folder's name is left out. */
const said = <A>(
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

describe("a file that cannot be read says which file, row and column", () => {
  test("JSON Lines", async () => {
    const file = write("a.jsonl", '{"x":1}\n\n{"x":"2"}\n{"x":3\n{"x":4,"deep":{"y":[1,"z"]}}\n{}\n')
    expect(await said(Jsonl.open(file, Row), [0, 1])).toMatch(/^a.jsonl, row 1, column "x": Expected number, got "2"/)
    expect(await said(Jsonl.open(file, Row), [2])).toMatch(/^a.jsonl, row 2: is not JSON: /)
    expect(await said(Jsonl.open(file, Row), [3])).toMatch(/^a.jsonl, row 3, column "deep": at y.1: Expected number, got "z"/)
    expect(await said(Jsonl.open(file, Row), [4])).toMatch(/^a.jsonl, row 4, column "x": Missing key/)
    expect(await said(Jsonl.open(file, Row), [5])).toBe("row 5: there is no such row in a dataset of 5")
    expect(await said(Jsonl.open(write("bytes.jsonl", Uint8Array.of(34, 255, 34)), Schema.String), [0])).toBe(
      "bytes.jsonl, row 0: is not UTF-8: convert the file"
    )
    expect(await said(Jsonl.open(join(folder, "none.jsonl"), Row))).toBe("none.jsonl: cannot be opened (ENOENT)")
    expect(await said(Jsonl.open(folder, Row))).toMatch(/is no file$/)
  })

  test("a file that is cut while it is open", async () => {
    const file = write("cut.jsonl", '{"x":1}\n{"x":2}\n')
    expect(await said(Jsonl.open(file, Row), [1], () => truncateSync(file, 9))).toBe(
      "cut.jsonl: ends at byte 9: it was cut after it was opened"
    )
    write("cut.jsonl", '{"x":1}\n{"x":2}\n')
    expect(await said(Jsonl.open(file, Row), [1], () => writeFileSync(file, " ".repeat(16)))).toMatch(/the file was changed/)
  })

  test("CSV", async () => {
    const open = (content: string) => Csv.open(write("a.csv", content), FromText)
    expect(await said(open('a,b\n"x\n",1\ny,z\n'), [0, 1])).toMatch(/^a.csv, row 1, column "b": .*finite/i)
    expect(await said(open("a,b\n1\n"), [0])).toBe("a.csv, row 0: has 1 values where there are 2 columns")
    expect(await said(open("a,b\n1,2,\n"), [0])).toBe("a.csv, row 0: has 3 values where there are 2 columns")
    expect(await said(open('a,b\n"x"y,2\n'), [0])).toMatch(/^a.csv, row 0, column "a": goes on behind its closing quote/)
    expect(await said(open('a,b\nx"",2\n'), [0])).toMatch(/^a.csv, row 0, column "a": holds a quote and is not quoted/)
    expect(await said(open('a,b\n5" pipe,2\n6" pipe,3\n'), [0])).toMatch(/^a.csv, row 0, column "a": holds a quote/)
    expect(await said(open('a,b\n"x,2\n'))).toBe("a.csv, row 1: has a quote that is never closed")
    expect(await said(open("a,a\n1,2\n"))).toBe('a.csv: has two columns called "a"')
    expect(await said(open(""))).toMatch(/has no row of names/)
  })

  test("JSON", async () => {
    expect(await said(Json.open(write("a.json", '[{"x":1},{"x":null}]'), Row), [0, 1])).toMatch(/^a.json, row 1, column "x"/)
    expect(await said(Json.open(write("a.json", "{}"), Row))).toBe("a.json: is not an array of rows, nor has it one as `data`")
    expect(await said(Json.open(write("a.json", "["), Row))).toMatch(/^a.json: is not JSON/)
  })

  test("Parquet", async () => {
    const columnData = [{ name: "x", data: [1, 2, 3, null], type: "DOUBLE" as const, nullable: true }]
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 }))
    expect(await said(Parquet.open([write("a.parquet", bytes), write("b.parquet", bytes)], Row), [0, 7])).toMatch(
      /^b.parquet, row 3, column "x": Expected number, got null/
    )
    expect(await said(Parquet.open(write("c.parquet", "not a table at all"), Row))).toMatch(/^c.parquet: is no Parquet file: /)
    const broken = bytes.slice().fill(255, 4, 12)
    expect(await said(Parquet.open(write("d.parquet", broken), Row), [0])).toMatch(
      /^d.parquet, row 0: begins a row group that cannot/
    )
  })

  test("folders", async () => {
    const at = (name: string) => join(folder, name)
    expect(await said(Files.open(write("a.txt", ""), Row))).toMatch(/^a.txt: has an ending that is none of .jsonl/)
    expect(await said(Files.open(at("nowhere"), Row))).toBe("nowhere: cannot be opened (ENOENT)")
    mkdirSync(at("mixed"))
    expect(await said(Files.open(at("mixed"), Row))).toMatch(/^mixed: holds no file that ends in/)
    write("mixed/a.jsonl", '{"x":1}')
    write("mixed/b.jsonl", '{"x":true}')
    expect(await said(Files.open(at("mixed"), Row), [1])).toMatch(/^mixed\/b.jsonl, row 0, column "x": Expected number, got true/)
    write("mixed/c.csv", "x\n1")
    expect(await said(Files.open(at("mixed"), Row))).toMatch(/^mixed: holds several kinds of files \(jsonl, csv\): keep one/)
  })
})

test("Parquet reads whole numbers of 64 bits, keeps those that are too large, and knows its blocks", async () => {
  const columnData = [{ name: "x", data: [1n, 2n ** 60n, -5n], type: "INT64" as const }]
  const file = write("big.parquet", new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 2 })))
  const program = Effect.gen(function* () {
    const data = yield* Parquet.open(file, Schema.Struct({ x: Schema.Union([Schema.Number, Schema.BigInt]) }))
    expect(data.blocks).toEqual([2, 1])
    return yield* data.rows([2, 1, 0])
  })
  expect(await Effect.runPromise(Effect.scoped(program))).toEqual([{ x: -5 }, { x: 2n ** 60n }, { x: 1 }])
})
