/** Decodes the values of a file into rows, with errors that name file, row and column. */
import { Result, type Schema, SchemaIssue, SchemaParser } from "effect"
import { DataError } from "../Dataset.ts"

/** A schema of rows that decodes without services. */
export type RowSchema<A> = Schema.ConstraintDecoder<A>

/** Decodes the row at an index of a file. Throws `DataError` with file, row and column. */
export type Decoder<A> = (row: number, value: unknown) => A

export const make = <A>(file: string, schema: RowSchema<A>): Decoder<A> => {
  const decode = SchemaParser.decodeUnknownResult(schema, { reportInput: true })
  return (row, value) => {
    const decoded = decode(value)
    if (Result.isSuccess(decoded)) return decoded.success
    const { column, reason } = explain(decoded.failure)
    throw new DataError({ file, row, column, reason })
  }
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

const explain = (issue: SchemaIssue.Issue): { readonly column: string | null; readonly reason: string } => {
  const first = format(issue).issues[0]
  const path = (first?.path ?? []).map((part) => String(typeof part === "object" ? part.key : part))
  const [column, ...inner] = path
  // The value may be a whole document.
  const message = (first?.message ?? "does not match the schema").slice(0, 200)
  return { column: column ?? null, reason: inner.length === 0 ? message : `at ${inner.join(".")}: ${message}` }
}
