/** One argument: the values it takes, its default, how a flag writes it, and what asking for it comes to. */
import { Schema } from "effect"

/** How a flag's text is read. */
export type Kind = "text" | "number" | "boolean" | "switch" | "json" | "list"

/** What a value asks for and is not there, and what to do then. Completes "... needs <missing>. <instead>". */
export interface Lack {
  readonly missing: string
  readonly instead: string
}

/** `A` are the values, `I` is what may be written for them. */
export interface Field<A, I = A> {
  readonly kind: Kind
  readonly schema: Schema.Codec<A>
  readonly default: A
  /** Completes "it must be ...". */
  readonly expected: string
  /** Whether null is a value of it. */
  readonly nullable?: boolean
  /** The values, where they are few and by name. */
  readonly choices?: ReadonlyArray<string>
  /** What it is, in a few words. */
  readonly about?: string
  /** Why the argument changes nothing here: a documented no-op. */
  readonly idle?: string
  /** Whether it is refused, whatever is asked for. */
  readonly missing?: boolean
  /** Turns what is written into a value; the schema checks the outcome. */
  read?(given: I): unknown
  /** What a value needs that is not there. */
  lacks?(value: A): Lack | undefined
}

/** The values of a field, and what may be written for them. */
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

/** A text, or simply yes or no. */
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

/** Bounds: `minimum` and `maximum` belong to the range, `below` does not. */
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

/** Names and values; JSON on the command line. */
export const dictionary = (initial: Readonly<Record<string, unknown>>): Field<Readonly<Record<string, unknown>>> => ({
  kind: "json",
  schema: Schema.Record(Schema.String, Schema.Unknown),
  default: initial,
  expected: "an object of names and values"
})

/** A list that may be written as one text, its items apart by spaces or commas. */
export const list = <const A extends string>(choices: ReadonlyArray<A>): Field<ReadonlyArray<A>, ReadonlyArray<A> | string> => ({
  kind: "list",
  schema: Schema.Array(Schema.Literals(choices)),
  choices,
  default: [],
  expected: `any of ${choices.map((choice) => JSON.stringify(choice)).join(", ")}`,
  read: words
})

/** A dictionary that may be written as JSON in a text. */
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

/** Takes null as well, and is null by default. */
export const optional = <A, I = A>(field: Field<A, I>): Field<A | null, I | null> => ({
  ...field,
  schema: Schema.NullOr(field.schema),
  default: null,
  expected: `${field.expected}, or null`,
  nullable: true,
  read: (given) => (given === null || field.read === undefined ? given : field.read(given))
})

/** Says what the argument is. */
export const about = <A, I>(about: string, field: Field<A, I>): Field<A, I> => ({ ...field, about })

/** Marks a documented no-op. */
export const idle = <A, I>(idle: string, field: Field<A, I>): Field<A, I> => ({ ...field, idle })

/** Marks what is read and kept, and refused when a run is asked for it: with any value but the default, unless `asks` says which. */
export const lacking = <A, I>(lack: Lack, field: Field<A, I>, asks?: (value: A) => boolean): Field<A, I> => {
  const initial = JSON.stringify(field.default)
  const asked = asks ?? ((value: A) => JSON.stringify(value) !== initial)
  return { ...field, missing: asks === undefined, lacks: (value) => (asked(value) ? lack : undefined) }
}

/** Splits a text into words; a list is split word by word. Anything else is left to the schema. */
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
