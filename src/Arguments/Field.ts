/** One argument: the values it takes, its default, and how a flag writes it. */
import { Schema } from "effect"

/** How a flag's text is read. */
export type Kind = "text" | "number" | "boolean" | "switch" | "json" | "list"

export interface Field<A> {
  readonly kind: Kind
  readonly schema: Schema.Codec<A>
  readonly default: A
  /** Completes "it must be ...". */
  readonly expected: string
  /** Whether null is a value of it. */
  readonly nullable?: boolean
}

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

/** Takes null as well, and is null by default. */
export const optional = <A>(field: Field<A>): Field<A | null> => ({
  ...field,
  schema: Schema.NullOr(field.schema),
  default: null,
  expected: `${field.expected}, or null`,
  nullable: true
})

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
