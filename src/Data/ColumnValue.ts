/** The value of one row in one column, read as numbers with a dtype and a shape. */
import { Result } from "effect"
import { type DType, type HostTensor, sizeOf } from "../Tensor/HostTensor.ts"

export interface ColumnValue {
  readonly dtype: DType
  readonly shape: ReadonlyArray<number>
  readonly data: ArrayLike<number | boolean>
}

/** The inputs of `make`: a number, a boolean, nested arrays of them, a typed array, or a host tensor. */
export type Value = number | boolean | Nested | Numbers | HostTensor
export type Nested = ReadonlyArray<number | boolean | Nested>
export type Numbers = Float32Array | Float64Array | Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array

export interface Options {
  /** Makes booleans and plain numbers int32. */
  readonly integer: boolean
  /** The name of the column, if it holds labels: for the advice in errors. */
  readonly labels?: string | undefined
}

/**
 * Converts a value of a row. Typed arrays and host tensors keep their kind; booleans are bool and numbers float32, unless `integer` makes both int32.
 *
 * **Errors**: the reason why the value cannot be converted.
 */
export const make = (value: unknown, options: Options): Result.Result<ColumnValue, string> => {
  if (isHostTensor(value)) {
    const { shape, data } = value
    return data.length === sizeOf(shape)
      ? Result.succeed(value)
      : Result.fail(`holds ${data.length} values, which do not make shape [${shape}]`)
  }
  if (isNumbers(value)) {
    const float = value instanceof Float32Array || value instanceof Float64Array
    return Result.succeed({ dtype: float ? "float32" : "int32", shape: [value.length], data: value })
  }
  const shape = shapeOf(value)
  const data: Array<number | boolean> = []
  const fault = flatten(value, shape, 0, data)
  if (typeof fault === "string") return Result.fail(fault)
  if (fault !== undefined) return Result.fail(notNumeric(fault.leaf, options.labels, shape.length > 0))
  const boolean = typeof data[0] === "boolean"
  if (data.some((leaf) => (typeof leaf === "boolean") !== boolean)) return Result.fail("mixes numbers and booleans: use one kind")
  return Result.succeed({ dtype: options.integer ? "int32" : boolean ? "bool" : "float32", shape, data })
}

/** Returns the shape of nested arrays, from the first element of each level. */
const shapeOf = (value: unknown): ReadonlyArray<number> => (Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [])

/** Appends the leaves to `out`. Returns the reason if the value is ragged, and the first leaf that is no number. */
const flatten = (
  value: unknown,
  shape: ReadonlyArray<number>,
  depth: number,
  out: Array<number | boolean>
): string | { readonly leaf: unknown } | undefined => {
  const array = Array.isArray(value)
  if (!array && typeof value !== "number" && typeof value !== "boolean") return { leaf: value }
  if (array !== depth < shape.length) return "is ragged: a number beside an array. Pad the row to one shape"
  if (!array) {
    out.push(value)
    return undefined
  }
  if (value.length !== shape[depth])
    return `is ragged: an array of ${value.length} beside one of ${shape[depth]}. Pad the row to one shape`
  const innermost = depth + 1 === shape.length
  for (const inner of value) {
    if (innermost && typeof inner === "number") {
      out.push(inner)
      continue
    }
    const fault = flatten(inner, shape, depth + 1, out)
    if (fault !== undefined) return fault
  }
  return undefined
}

const notNumeric = (value: unknown, labels: string | undefined, isList: boolean) => {
  if (typeof value === "string" && labels !== undefined) {
    const mapped = isList ? `row.${labels}.map((label) => names.indexOf(label))` : `names.indexOf(row.${labels})`
    return `holds text ${quoted(value)} where class numbers are expected: map the labels to class numbers with Dataset.map, (row) => ({ ...row, ${labels}: ${mapped} }) where names lists the classes`
  }
  const found = typeof value === "string" ? `text ${quoted(value)}` : value === null ? "null" : `a value of type ${typeof value}`
  return `holds ${found} where numbers are expected: convert it to numbers, or remove the column, with Dataset.map`
}

const quoted = (text: string) => JSON.stringify(text.slice(0, 20))

export const isNumbers = (value: unknown): value is Numbers =>
  ArrayBuffer.isView(value) && !(value instanceof DataView || value instanceof BigInt64Array || value instanceof BigUint64Array)

export const isHostTensor = (value: unknown): value is HostTensor =>
  typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value
