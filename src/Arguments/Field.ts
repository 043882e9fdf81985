/** One argument: its valid values, its default, how its command-line flag is parsed, and which values are not supported. */
import { Schema } from "effect"

/** How the value of a command-line flag is parsed. */
export type Kind = "text" | "number" | "boolean" | "switch" | "json" | "list"

/** What a value needs that is not supported, and what to use instead. Completes "... needs <missing>. <instead>". */
export interface MissingFeature {
  readonly missing: string
  readonly instead: string
}

/** `A` is the type of the validated value, `I` that of the accepted input. */
export interface Field<A, I = A> {
  readonly kind: Kind
  readonly schema: Schema.Codec<A>
  readonly default: A
  /** Completes "it must be ...". */
  readonly expected: string
  /** Whether null is accepted. */
  readonly nullable?: boolean
  /** The accepted values of an enumeration. */
  readonly choices?: ReadonlyArray<string>
  /** A short description, shown by `--help`. */
  readonly about?: string
  /** Why the argument has no effect: a documented no-op. */
  readonly idle?: string
  /** Whether every value but the default is rejected. */
  readonly onlyDefault?: boolean
  /** Parses the input into a value, which the schema then validates. */
  read?(given: I): unknown
  /** Gives what the value needs that is not supported; undefined if it is supported. */
  missingFeature?(value: A): MissingFeature | undefined
}

/** The type of a field's validated value, and that of its input. */
export type Valued<F> = F extends Field<infer A, infer _> ? A : never
export type Written<F> = F extends Field<infer _, infer I> ? I : never

export const text = (initial: string): Field<string> => ({
  kind: "text",
  schema: Schema.String,
  default: initial,
  expected: "a text"
})

export const boolean = (initial: boolean): Field<boolean> => ({
  kind: "boolean",
  schema: Schema.Boolean,
  default: initial,
  expected: "true or false"
})

/** A string or a boolean. */
export const switchable = (initial: string | boolean): Field<string | boolean> => ({
  kind: "switch",
  schema: Schema.Union([Schema.String, Schema.Boolean]),
  default: initial,
  expected: "a text, or true or false"
})

export const choice = <const A extends string>(initial: NoInfer<A>, choices: ReadonlyArray<A>): Field<A> => ({
  kind: "text",
  schema: Schema.Literals(choices),
  choices,
  default: initial,
  expected: `one of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`
})

/** The values of a strategy (`IntervalStrategy`): never, every n updates, or at the end of each epoch. */
export const strategies = ["no", "steps", "epoch"] as const

/** Bounds of a number: `minimum` and `maximum` are inclusive, `below` is exclusive. */
export interface Range {
  readonly minimum?: number
  readonly maximum?: number
  readonly below?: number
}

export const number = (initial: number, range: Range = {}): Field<number> => numeric("a number", Schema.Finite, initial, range)

export const integer = (initial: number, range: Range = {}): Field<number> =>
  numeric("a whole number", Schema.Int, initial, range)

export const texts = (initial: ReadonlyArray<string>): Field<ReadonlyArray<string>> => ({
  kind: "list",
  schema: Schema.Array(Schema.String),
  default: initial,
  expected: "a list of texts"
})

/** A dictionary, which is JSON on the command line. */
export const dictionary = (initial: Readonly<Record<string, unknown>>): Field<Readonly<Record<string, unknown>>> => ({
  kind: "json",
  schema: Schema.Record(Schema.String, Schema.Unknown),
  default: initial,
  expected: "an object of names and values"
})

/** A list of choices, also accepted as one string with items separated by spaces or commas. */
export const list = <const A extends string>(choices: ReadonlyArray<A>): Field<ReadonlyArray<A>, ReadonlyArray<A> | string> => ({
  kind: "list",
  schema: Schema.Array(Schema.Literals(choices)),
  choices,
  default: [],
  expected: `any of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`,
  read: words
})

/** A dictionary, also accepted as a JSON string. */
export const jsonDictionary: Field<Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>> | string> = {
  ...dictionary({}),
  read: (given) => {
    if (typeof given !== "string") return given
    try {
      return JSON.parse(given)
    } catch {
      return given
    }
  }
}

/** Makes a field accept null, which is also its default. */
export const optional = <A, I = A>(field: Field<A, I>): Field<A | null, I | null> => ({
  ...field,
  schema: Schema.NullOr(field.schema),
  default: null,
  expected: `${field.expected}, or null`,
  nullable: true,
  read: (given) => (given === null || field.read === undefined ? given : field.read(given))
})

/** Adds a description to a field. */
export const about = <A, I>(about: string, field: Field<A, I>): Field<A, I> => ({ ...field, about })

/** Marks a field as a documented no-op. */
export const idle = <A, I>(idle: string, field: Field<A, I>): Field<A, I> => ({ ...field, idle })

/**
 * Marks a field whose values require a feature that does not exist: they are accepted by `make` and rejected by `supported`. By default all values
 * but the field's default are.
 */
export const requires = <A, I>(feature: MissingFeature, field: Field<A, I>, isRejected?: (value: A) => boolean): Field<A, I> => {
  const initial = JSON.stringify(field.default)
  const rejected = isRejected ?? ((value: A) => JSON.stringify(value) !== initial)
  return {
    ...field,
    onlyDefault: isRejected === undefined,
    missingFeature: (value) => (rejected(value) ? feature : undefined)
  }
}

/** Splits a string at spaces and commas, or each string of a list. Anything else is returned unchanged for the schema to reject. */
export const words = (given: unknown): unknown => {
  const split = (text: unknown) => (typeof text === "string" ? text.split(/[\s,]+/).filter((word) => word !== "") : [text])
  return Array.isArray(given) ? given.flatMap(split) : typeof given === "string" ? split(given) : given
}

const numeric = (what: string, schema: Schema.Codec<number>, initial: number, range: Range): Field<number> => {
  const { below = Infinity, maximum = Infinity, minimum = -Infinity } = range
  const within = Schema.makeFilter((value: number) => value >= minimum && value <= maximum && value < below)
  const bounds = [
    ...(range.minimum === undefined ? [] : [`of at least ${minimum}`]),
    ...(range.maximum === undefined ? [] : [`at most ${maximum}`]),
    ...(range.below === undefined ? [] : [`below ${below}`])
  ]
  return {
    kind: "number",
    schema: Object.keys(range).length === 0 ? schema : schema.check(within),
    default: initial,
    expected: [what, bounds.join(" and ")].join(" ").trimEnd()
  }
}
