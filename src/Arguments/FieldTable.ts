/** Reads, validates and writes the arguments of a table of fields, as input of code or as JSON. */
import { Result, Schema } from "effect"
import { type Camel, nearest, toCamel } from "./ArgumentNames.ts"
import { type ArgumentsError, InvalidArgument, NotSupported, UnknownArgument } from "./Errors.ts"
import type { Field, Valued, Written } from "./Field.ts"
import * as Removed from "./Removed.ts"

export type Table = Readonly<Record<string, Field<unknown>>>

export type Name<T extends Table> = keyof T & string

/** A validated value for each field. */
export type Values<T extends Table> = { readonly [K in Name<T> as Camel<K>]: Valued<T[K]> }

/** Input values; omitted ones have the table's defaults. */
export type Input<T extends Table> = { readonly [K in Name<T> as Camel<K>]?: Written<T[K]> | undefined }

/** Arguments read from JSON, before validation, with the warnings about deprecated names. */
export interface Parsed<T extends Table> {
  readonly input: Input<T>
  readonly warnings: ReadonlyArray<string>
}

/** Fills in the defaults and validates each value. */
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

/** Reads JSON with snake_case names, including those that transformers has removed. */
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

/** Writes values as JSON with snake_case names, defaults included, secrets redacted. */
export const toJson = <T extends Table>(table: T, values: Values<T>): Readonly<Record<Name<T>, unknown>> =>
  Object.fromEntries(
    Object.keys(table).map((name) => {
      const value = (values as Readonly<Record<string, unknown>>)[toCamel(name)]
      return [name, isSecret(name) && value !== null ? redacted(name) : value]
    })
  ) as Record<Name<T>, unknown>

/** Checks that every value is supported. **Errors**: fails with `NotSupported` for the first that is not. */
export const supported = <T extends Table>(table: T, values: Values<T>): Result.Result<void, NotSupported> => {
  for (const [name, field] of Object.entries(table)) {
    const value = (values as Readonly<Record<string, unknown>>)[toCamel(name)]
    const feature = field.missingFeature?.(value)
    if (feature !== undefined)
      return Result.fail(new NotSupported({ argument: name, value: isSecret(name) ? redacted(name) : value, ...feature }))
  }
  return Result.succeed(undefined)
}

/** Makes the error for an unknown name, with the nearest known one as a suggestion. */
export const unknown = (name: string, known: ReadonlyArray<string>): UnknownArgument =>
  new UnknownArgument({ argument: name, suggestion: nearest(name, known) })

/** The placeholder that transformers writes for a secret. */
export const redacted = (name: string): string => `<${name.toUpperCase()}>`

export const isSecret = (name: string): boolean => name.endsWith("_token")

const isRedacted = (name: string, value: unknown): boolean => isSecret(name) && value === redacted(name)
