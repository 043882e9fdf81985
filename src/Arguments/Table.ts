/** What a table of fields comes to: values of all its rows, read from code or from JSON, and written again. */
import { Result, Schema } from "effect"
import { type ArgumentsError, InvalidArgument, NotSupported, UnknownArgument } from "./Errors.ts"
import type { Field, Valued, Written } from "./Field.ts"
import { type Camel, nearest, toCamel } from "./Names.ts"
import * as Removed from "./Removed.ts"

export type Table = Readonly<Record<string, Field<unknown>>>

export type Name<T extends Table> = keyof T & string

/** A value for each row. */
export type Values<T extends Table> = { readonly [K in Name<T> as Camel<K>]: Valued<T[K]> }

/** What is given; the rest has the table's defaults. */
export type Input<T extends Table> = { readonly [K in Name<T> as Camel<K>]?: Written<T[K]> | undefined }

/** Arguments as they were read, and what to tell whoever wrote them. */
export interface Parsed<T extends Table> {
  readonly input: Input<T>
  readonly warnings: ReadonlyArray<string>
}

/** Fills in the defaults and checks each value by its row. */
export const read = <T extends Table>(table: T, input: Input<T>): Result.Result<Values<T>, ArgumentsError> => {
  const given = new Map(Object.entries(input).filter(([, value]) => value !== undefined))
  const values: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(table)) {
    const key = toCamel(name)
    const written = given.has(key) ? given.get(key) : field.default
    given.delete(key)
    const value = field.read === undefined ? written : field.read(written)
    if (!Schema.is(field.schema)(value))
      return Result.fail(new InvalidArgument({ argument: name, value: written, expected: field.expected }))
    values[key] = value
  }
  for (const name of given.keys()) return Result.fail(unknown(name, Object.keys(table).map(toCamel)))
  return Result.succeed(values as Values<T>)
}

/** Reads JSON with the page's names, those that it has given up among them. */
export const fromJson = <T extends Table>(table: T, json: unknown): Result.Result<Parsed<T>, ArgumentsError> =>
  Result.gen(function* () {
    if (typeof json !== "object" || json === null || Array.isArray(json))
      return yield* Result.fail(new InvalidArgument({ argument: "args", value: json, expected: "an object of arguments" }))
    const input: Record<string, unknown> = {}
    const warnings: Array<string> = []
    for (const [written, value] of Object.entries(json)) {
      if (Object.hasOwn(table, written)) {
        input[toCamel(written)] = isRedacted(written, value) ? null : value
        continue
      }
      const removed = Removed.of(written)
      if (removed === undefined) return yield* Result.fail(unknown(written, Object.keys(table)))
      warnings.push(removed.warning)
      yield* Removed.apply(input, written, value)
    }
    return { input: input as Input<T>, warnings }
  })

/** Writes values as JSON with the page's names, defaults included; secrets stay behind. */
export const toJson = <T extends Table>(table: T, values: Values<T>): Readonly<Record<Name<T>, unknown>> =>
  Object.fromEntries(
    Object.keys(table).map((name) => {
      const value = (values as Readonly<Record<string, unknown>>)[toCamel(name)]
      return [name, isSecret(name) && value !== null ? redacted(name) : value]
    })
  ) as Record<Name<T>, unknown>

/** Finds the first value that asks for what is not there. */
export const supported = <T extends Table>(table: T, values: Values<T>): Result.Result<void, NotSupported> => {
  for (const [name, field] of Object.entries(table)) {
    const value = (values as Readonly<Record<string, unknown>>)[toCamel(name)]
    const lack = field.lacks?.(value)
    if (lack !== undefined)
      return Result.fail(new NotSupported({ argument: name, value: isSecret(name) ? redacted(name) : value, ...lack }))
  }
  return Result.succeed(undefined)
}

/** The error of a name that there is not, with the nearest that there is. */
export const unknown = (name: string, known: ReadonlyArray<string>): UnknownArgument =>
  new UnknownArgument({ argument: name, suggestion: nearest(name, known) })

/** What the page writes in a secret's place. */
export const redacted = (name: string): string => `<${name.toUpperCase()}>`

export const isSecret = (name: string): boolean => name.endsWith("_token")

const isRedacted = (name: string, value: unknown): boolean => isSecret(name) && value === redacted(name)
