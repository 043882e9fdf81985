/** An entry as one line of JSON, and back. Numbers that JSON lacks are the strings "NaN", "Infinity", "-Infinity" and "-0". */
import { Effect, Schema, SchemaTransformation } from "effect"
import type { Entry } from "./Logger.ts"

/** Any number, also where JSON has none. */
const Real = Schema.Union([Schema.Finite, Schema.Literals(["NaN", "Infinity", "-Infinity", "-0"])]).pipe(
  Schema.decodeTo(
    Schema.Number,
    SchemaTransformation.transform({
      decode: (wire) => Number(wire),
      encode: (value) => (Object.is(value, -0) ? "-0" : Number.isFinite(value) ? value : (String(value) as "NaN"))
    })
  )
)

const stamp = { run: Schema.String, attempt: Schema.Natural, step: Schema.Natural, epoch: Real }

const Lines = Schema.TaggedStruct("Lines", {
  x: Schema.String,
  y: Schema.String,
  series: Schema.Record(Schema.String, Schema.Array(Schema.Tuple([Real, Real])))
})

const Matrix = Schema.TaggedStruct("Matrix", {
  rows: Schema.String,
  columns: Schema.String,
  labels: Schema.Array(Schema.String),
  values: Schema.Array(Schema.Array(Real))
})

const Histogram = Schema.TaggedStruct("Histogram", {
  x: Schema.String,
  edges: Schema.Array(Real),
  counts: Schema.Array(Real)
})

/** A line: an entry with `kind` as its discriminator. */
const Line = Schema.Union([
  Schema.Struct({
    ...stamp,
    kind: Schema.Literals(["train", "eval", "summary"]),
    set: Schema.optionalKey(Schema.String),
    values: Schema.Record(Schema.String, Real),
    clock: Schema.Record(Schema.String, Real)
  }),
  Schema.Struct({ ...stamp, kind: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({
    ...stamp,
    kind: Schema.Literal("figure"),
    name: Schema.String,
    figure: Schema.Union([Lines, Matrix, Histogram])
  }),
  Schema.Struct({
    ...stamp,
    kind: Schema.Literal("config"),
    config: Schema.Record(Schema.String, Schema.Unknown),
    historyLength: Schema.optionalKey(Schema.Natural)
  })
])
const LineString = Schema.fromJsonString(Line)
const encodeLine = Schema.encodeUnknownSync(LineString)
const decodeLine = Schema.decodeUnknownEffect(LineString)

/** Writes an entry as a line, without the newline. What JSON cannot hold in a `config` (functions, cycles) is left out or named. */
export const encode = (entry: Entry): string => {
  switch (entry._tag) {
    case "Scalars": {
      const { _tag, ...line } = entry
      return encodeLine(line)
    }
    case "Text": {
      const { _tag, ...line } = entry
      return encodeLine({ ...line, kind: "text" })
    }
    case "Figure": {
      const { _tag, ...line } = entry
      return encodeLine({ ...line, kind: "figure" })
    }
    case "Config": {
      const { _tag, config, ...line } = entry
      return encodeLine({ ...line, kind: "config", config: plain(config) })
    }
  }
}

/** Reads a line. **Law**: decode(encode(entry)) equals the entry (test/unit/Layer/Logger/EntryJson.test.ts). */
export const decode = (line: string): Effect.Effect<Entry, Schema.SchemaError> => Effect.map(decodeLine(line), toEntry)

const toEntry = (line: typeof Line.Type): Entry => {
  switch (line.kind) {
    case "text": {
      const { kind, ...rest } = line
      return { _tag: "Text", ...rest }
    }
    case "figure": {
      const { kind, ...rest } = line
      return { _tag: "Figure", ...rest }
    }
    case "config": {
      const { kind, ...rest } = line
      return { _tag: "Config", ...rest }
    }
    default:
      return { _tag: "Scalars", ...line }
  }
}

/** Gives a copy that JSON can hold; undefined for what it cannot. */
export const plain = (value: unknown, above: ReadonlyArray<object> = []): unknown => {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value)
  if (typeof value === "bigint") return String(value)
  if (value === null || typeof value === "string" || typeof value === "boolean") return value
  if (typeof value !== "object") return undefined
  if (above.includes(value)) return "[circular]"
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  const inside = [...above, value]
  if (Array.isArray(value)) return value.map((item) => plain(item, inside) ?? null)
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, item]) => {
      const copy = plain(item, inside)
      return copy === undefined ? [] : [[key, copy]]
    })
  )
}
