/** Finds rows that a collator may refuse: one example of each deviation from the typical form of a column. */
import { Effect } from "effect"
import * as ColumnValue from "./ColumnValue.ts"

/** One column of all rows. */
export interface Column {
  readonly name: string
  /** Whether plain numbers in it become int32. */
  readonly integer: boolean
  readonly values: ArrayLike<unknown>
}

/** The deviation of a row: no value, another shape, another type of value, or numbers that a tensor cannot represent. */
export type Kind = "absent" | "shape" | "type" | "nonFinite" | "fraction" | "large"

/** A deviating row, and the most frequent form of its column. */
export interface Suspect {
  readonly column: string
  readonly row: number
  readonly kind: Kind
  /** The form of the row. */
  readonly form: string
  readonly typical: Form
}

/** Scans all rows of the columns. Yields to other fibers every `yieldEvery` rows. */
export const scan = Effect.fnUntraced(function* (columns: ReadonlyArray<Column>, size: number) {
  const suspects: Array<Suspect> = []
  for (const { integer, name, values } of columns) {
    const forms = new Map<string, Form>()
    const faults = new Map<Kind, number>()
    for (let row = 0; row < size; row++) {
      if (row % yieldEvery === 0) yield* Effect.yieldNow
      const form = formOf(values[row], integer, (kind) => faults.has(kind) || faults.set(kind, row))
      const seen = forms.get(form)
      if (seen === undefined) forms.set(form, { form, row, count: 1 })
      else seen.count++
    }
    const typical = [...forms.values()].reduce((most, form) => (form.count > most.count ? form : most), none)
    const add = (kind: Kind, row: number, form: string) => suspects.push({ column: name, row, kind, form, typical })
    for (const { form, row } of others([...forms.values()], typical)) add(kindOf(form, typical.form), row, form)
    for (const [kind, row] of faults) add(kind, row, typical.form)
  }
  return suspects.sort((a, b) => a.row - b.row)
})

/** A form of values (a shape as `[2,3]`, or a type name), with its frequency. */
export interface Form {
  readonly form: string
  /** The first row with it. */
  readonly row: number
  /** **Unit**: rows. */
  count: number
}

const none: Form = { form: "", row: 0, count: 0 }

/** **Unit**: rows. */
const yieldEvery = 1024

/** Returns the forms that are not typical; of more than three shapes only the first, the smallest and the largest. */
const others = (forms: ReadonlyArray<Form>, typical: Form): ReadonlyArray<Form> => {
  const rest = forms.filter((form) => form !== typical)
  const shapes = rest.filter(({ form }) => isShape(form))
  if (shapes.length <= 3) return rest
  const bySize = shapes.toSorted((a, b) => elements(a.form) - elements(b.form))
  return [...rest.filter(({ form }) => !isShape(form)), ...new Set([shapes[0]!, bySize[0]!, bySize.at(-1)!])]
}

const isShape = (form: string) => form.startsWith("[")

const elements = (shape: string): number =>
  shape
    .slice(1, -1)
    .split(",")
    .reduce((product, size) => product * Number(size), 1)

const kindOf = (form: string, typical: string): Kind =>
  form === absent ? "absent" : isShape(form) && isShape(typical) ? "shape" : "type"

const absent = "absent"

/** Returns the form of a value and reports invalid numbers in it. */
const formOf = (value: unknown, integer: boolean, report: (kind: Kind) => void): string => {
  if (value === undefined || value === null) return absent
  if (typeof value === "number") {
    checkNumber(value, integer, report)
    return "[]"
  }
  if (ColumnValue.isHostTensor(value) || ColumnValue.isNumbers(value)) {
    const [data, shape] = ColumnValue.isNumbers(value) ? [value, [value.length]] : [value.data, value.shape]
    if (data instanceof Float32Array || data instanceof Float64Array)
      for (const element of data) if (!Number.isFinite(element)) report("nonFinite")
    return `[${shape}]`
  }
  if (!Array.isArray(value)) return typeof value
  if (value.length === 0) return "[0]"
  if (typeof value[0] !== "number") return nestedForm(value, integer, report)
  for (const element of value) {
    if (typeof element !== "number") return "mixed"
    checkNumber(element, integer, report)
  }
  return `[${value.length}]`
}

const nestedForm = (values: ReadonlyArray<unknown>, integer: boolean, report: (kind: Kind) => void): string => {
  const inner = formOf(values[0], integer, report)
  for (const value of values.slice(1)) if (formOf(value, integer, report) !== inner) return "mixed"
  return isShape(inner) ? `[${values.length}${inner === "[]" ? "" : `,${inner.slice(1, -1)}`}]` : `array of ${inner}`
}

const checkNumber = (value: number, integer: boolean, report: (kind: Kind) => void): void => {
  if (!Number.isFinite(integer ? value : Math.fround(value))) report("nonFinite")
  else if (integer && (value | 0) !== value) report(Number.isInteger(value) ? "large" : "fraction")
}
