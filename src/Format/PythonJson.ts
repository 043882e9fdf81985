/** JSON as Python's `json` writes and reads it: with NaN, Infinity, -Infinity, -0.0, and integers of any size (bigints, beyond 2^53). */

/**
 * Writes a value. Members that are undefined or functions are left out.
 *
 * **Law**: parse(stringify(value)) equals value, bit for bit (test/property/CheckpointJson.test.ts).
 */
export const stringify = (value: unknown, indent?: number): string =>
  JSON.stringify(value, (_, inner) => mark(inner), indent).replace(tokens, unmarkToken)

/** Reads a value. **Errors**: throws `SyntaxError`. */
export const parse = (text: string): unknown => JSON.parse(text.replace(tokens, markToken), (_, inner) => unmark(inner))

// What JSON has no words for travels through `JSON` as a text that begins with NUL: "\0n" and a number, or "\0s" before a text that began so.

const mark = (value: unknown): unknown => {
  if (typeof value === "bigint") return `\0n${value}`
  if (typeof value === "string") return value.startsWith("\0") ? `\0s${value}` : value
  if (typeof value !== "number" || (Number.isSafeInteger(value) && !Object.is(value, -0))) return value
  if (Object.is(value, -0)) return "\0n-0.0"
  return Number.isInteger(value) ? `\0n${float(value)}` : Number.isFinite(value) ? value : `\0n${value}`
}

/** Keeps a large float a float: without a point or an exponent it would be an integer. */
const float = (value: number) => (String(value).includes("e") ? String(value) : `${value}.0`)

/** Texts (with the colon after a name), and the numbers that `JSON.parse` does not read or would round. */
const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|-?Infinity\b|\bNaN\b|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g

const markToken = (token: string, colon?: string) => {
  if (colon !== undefined) return token
  if (!token.startsWith('"')) return `"\\u0000n${token}"`
  return /^"\\u0000/.test(token) ? `"\\u0000s${token.slice(1)}` : token
}

const unmarkToken = (token: string, colon?: string) => {
  if (colon !== undefined) return token
  if (token.startsWith('"\\u0000n')) return token.slice(8, -1)
  return token.startsWith('"\\u0000s') ? `"${token.slice(8)}` : token
}

const unmark = (value: unknown): unknown => {
  if (typeof value !== "string" || !value.startsWith("\0")) return value
  const rest = value.slice(2)
  if (value[1] === "s") return rest
  const number = Number(rest)
  return Number.isInteger(number) && !Number.isSafeInteger(number) ? BigInt(rest) : number
}
