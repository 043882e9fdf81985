/** Reads the rows of a task's files into memory. */
import { Effect } from "effect"
import { byExtension, type Row } from "../Data/File/UntypedFiles.ts"
import type { Split } from "../Program/Program.ts"
import { InvalidRow, NoSuchColumn, NoTaskData } from "./Errors.ts"

export type { Row } from "../Data/File/UntypedFiles.ts"

/** The rows of one file. */
export interface Table {
  readonly file: string
  readonly rows: ReadonlyArray<Row>
}

export type Tables = { readonly [S in Split]?: Table }

export type Most = { readonly [S in Split]: number | null }

/** Reads the files. **Errors**: `DataError`, `NoTaskData` for a file without rows. */
export const read = Effect.fnUntraced(function* (files: { readonly [S in Split]?: string | undefined }, most: Most) {
  const tables: { [S in Split]?: Table } = {}
  for (const split of ["train", "validation", "test"] as const) {
    const file = files[split]
    if (file === undefined) continue
    const rows = yield* Effect.scoped(
      Effect.flatMap(byExtension(file), (data) =>
        data.rows(Array.from({ length: Math.min(data.size, most[split] ?? data.size) }, (_, i) => i))
      )
    )
    if (rows.length === 0) return yield* new NoTaskData({ reason: `${file} has no rows. Give a file that has some.` })
    tables[split] = { file, rows }
  }
  return tables
})

/** Gives the names of all columns: rows of JSON may lack some. */
export const columnsOf = ({ rows }: Table): ReadonlyArray<string> => [...new Set(rows.flatMap((row) => Object.keys(row)))]

/** Finds a column: the named one, or the first of the usual names that exists. **Errors**: `NoSuchColumn`. */
export const column = (table: Table, flag: string, named: string | null, usual: ReadonlyArray<string>) => {
  const there = columnsOf(table)
  const found = named === null ? usual.find((name) => there.includes(name)) : there.find((name) => name === named)
  return found === undefined
    ? Effect.fail(new NoSuchColumn({ file: table.file, wanted: named ?? usual.join(" or "), there, flag }))
    : Effect.succeed(found)
}

/** Reads a string. Numbers are accepted: a column of a .csv file may hold nothing else. **Errors**: `InvalidRow`. */
export const text = (table: Table, row: number, column: string) => {
  const value = table.rows[row]?.[column]
  return typeof value === "string" || typeof value === "number"
    ? Effect.succeed(String(value))
    : Effect.fail(invalid(table, row, column, "it is no text"))
}

/** Reads a label: a string or a number; a boolean is read as a string. **Errors**: `InvalidRow`. */
export const label = (table: Table, row: number, column: string) => {
  const value = table.rows[row]?.[column]
  if (!unlabelled(value) && (typeof value === "string" || typeof value === "number")) return Effect.succeed(value)
  return typeof value === "boolean"
    ? Effect.succeed(String(value))
    : Effect.fail(
        invalid(table, row, column, unlabelled(value) ? "it has no label" : "it is no label, which is a text or a number")
      )
}

/** Tests whether no row of a table has a label: all are missing, empty, or -1, as in the test sets of benchmarks. */
export const isUnlabelled = ({ rows }: Table, column: string): boolean =>
  rows.every((row) => unlabelled(row[column]) || row[column] === -1)

/** Tests whether a label is missing. A missing cell of a .csv file is an empty string. */
const unlabelled = (value: unknown) => value === undefined || value === null || (typeof value === "string" && value.trim() === "")

/** Reads a list of strings or numbers. **Errors**: `InvalidRow`. */
export const list = (table: Table, row: number, column: string) => {
  const value = table.rows[row]?.[column]
  const items = Array.isArray(value) ? (value as ReadonlyArray<unknown>) : undefined
  return items?.every((item): item is string | number => typeof item === "string" || typeof item === "number") === true
    ? Effect.succeed(items as ReadonlyArray<string | number>)
    : Effect.fail(invalid(table, row, column, "it is no list of texts or numbers"))
}

/** Reads the tags of a row's words, one each. **Errors**: `InvalidRow`, also for a tag that is missing or empty. */
export const tags = Effect.fnUntraced(function* (
  table: Table,
  row: number,
  columns: { readonly words: string; readonly tags: string }
) {
  const words = (yield* list(table, row, columns.words)).map(String)
  const value = table.rows[row]?.[columns.tags]
  const given: ReadonlyArray<unknown> = Array.isArray(value) ? value : []
  const empty = given.findIndex(unlabelled)
  if (empty >= 0) {
    const token = words[empty] === undefined ? "" : ` (${JSON.stringify(words[empty])})`
    return yield* invalid(
      table,
      row,
      columns.tags,
      `token ${empty}${token} has no tag: give it one, "O" if it is outside of all entities`
    )
  }
  const tags = yield* list(table, row, columns.tags)
  if (tags.length !== words.length)
    return yield* invalid(table, row, columns.tags, `it has ${tags.length} labels for ${words.length} words`)
  return tags
})

/** Applies `read` to each row. */
export const each = <A, E>(table: Table, read: (row: number) => Effect.Effect<A, E>): Effect.Effect<ReadonlyArray<A>, E> =>
  Effect.forEach(table.rows, (_, row) => read(row))

export const invalid = ({ file }: Table, row: number, column: string, reason: string) =>
  new InvalidRow({ file, row, column, reason })
