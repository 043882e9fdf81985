/** YAML in block style: what the front matter of a model card is written in. */
import * as PythonNumbers from "../../Format/PythonNumbers.ts"

/** A map omits undefined members and empty lists. */
export type Yaml = string | number | null | ReadonlyArray<Yaml> | { readonly [name: string]: Yaml | undefined }

/** Writes a map, a line for each scalar; a newline ends the last. Texts that YAML would read as something else are quoted. */
export const stringify = (value: { readonly [name: string]: Yaml | undefined }): string => `${map(value).join("\n")}\n`

const map = (value: { readonly [name: string]: Yaml | undefined }): ReadonlyArray<string> =>
  Object.entries(value).flatMap(([name, inner]) => {
    if (inner === undefined) return []
    if (isList(inner)) return inner.length === 0 ? [`${text(name)}: []`] : [`${text(name)}:`, ...list(inner)]
    return typeof inner === "object" && inner !== null
      ? [`${text(name)}:`, ...map(inner).map(indent)]
      : [`${text(name)}: ${scalar(inner)}`]
  })

const list = (values: ReadonlyArray<Yaml>): ReadonlyArray<string> =>
  values.flatMap((value) => {
    if (typeof value !== "object" || value === null) return [`- ${scalar(value)}`]
    const lines = isList(value) ? list(value) : map(value)
    return lines.map((line, i) => (i === 0 ? `- ${line}` : indent(line)))
  })

const isList = (value: Yaml): value is ReadonlyArray<Yaml> => Array.isArray(value)

const indent = (line: string): string => `  ${line}`

const scalar = (value: string | number | null): string => {
  if (value === null) return "null"
  return typeof value === "number" ? number(value) : text(value)
}

/** A float with an exponent has a point, or YAML 1.1 takes it for a text. */
const number = (value: number): string => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf"
  return PythonNumbers.float(value).replace(/^(-?\d+)e/, "$1.0e")
}

const text = (value: string): string => (plain.test(value) && !reserved.test(value) ? value : JSON.stringify(value))

const plain = /^[A-Za-z_](?:[\w ./+-]*[\w./+-])?$/

/** Words that are booleans or nothing in YAML 1.1: Norwegian, `no`, is one of them. */
const reserved = /^(?:y|n|yes|no|true|false|on|off|null)$/i
