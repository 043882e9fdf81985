/** Formats metrics of a training, an evaluation or a prediction as the Trainer does. **Unit**: `_mem_` bytes, `_runtime` s, `total_flos` operations. */
import * as PythonNumbers from "./PythonNumbers.ts"

/** Values by name. Text is shown as it is. */
export type Results = Readonly<Record<string, number | string>>

/**
 * Makes metrics readable: memory in whole MiB, runtimes as hours, minutes and seconds (hundredths are truncated), `total_flos` in 2^30, all others to four
 * decimals. A name is looked at in this order.
 *
 * **Source**: `Trainer.metrics_format`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Results } from "regimen/metrics"
 *
 * assert.deepEqual(Results.format({ train_runtime: 3661.239, init_mem_cpu_alloc_delta: 3145728, total_flos: 5.5e12, train_loss: 0.123456 }), {
 *   train_runtime: "1:01:01.23",
 *   init_mem_cpu_alloc_delta: "3MB",
 *   total_flos: "5122GF",
 *   train_loss: 0.1235
 * })
 * ```
 */
export const format = (results: Results): Results =>
  Object.fromEntries(Object.entries(results).map(([name, value]) => [name, shown(name, value)]))

/**
 * Writes metrics as the lines that the Trainer prints: a title, then a line for each, by name, in two columns. A newline ends each line.
 *
 * **Source**: `Trainer.log_metrics`. JavaScript has no integers: a whole number is shown with a point unless it counts something (`isCount`).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Results } from "regimen/metrics"
 *
 * assert.equal(Results.render("eval", { eval_runtime: 61.5, epoch: 2 }), `***** eval metrics *****
 *   epoch        =        2.0
 *   eval_runtime = 0:01:01.50
 * `)
 * ```
 */
export const render = (split: string, results: Results): string => {
  const lines = Object.entries(format(results))
    .map(([name, value]) => [name, typeof value === "string" ? value : numeral(name, value)] as const)
    .sort(([left], [right]) => (left < right ? -1 : 1))
  const names = Math.max(0, ...lines.map(([name]) => name.length))
  const values = Math.max(0, ...lines.map(([, value]) => value.length))
  return [
    `***** ${split} metrics *****`,
    ...lines.map(([name, value]) => `  ${name.padEnd(names)} = ${value.padStart(values)}`),
    ""
  ].join("\n")
}

/** Whether a value of this name is an integer in Python: bytes, samples, tokens, steps. */
export const isCount = (name: string): boolean => /_mem_|_samples$|_tokens_seen$|^step$/.test(name)

/** Writes a value as Python does, a count without a point. */
export const numeral = (name: string, value: number): string =>
  isCount(name) && Number.isInteger(value) ? BigInt(value).toString() : PythonNumbers.float(value)

const shown = (name: string, value: number | string): number | string => {
  if (typeof value === "string") return value
  if (!Number.isFinite(value)) return value
  if (name.includes("_mem_")) return `${shifted(value, 20)}MB`
  if (name.includes("_runtime")) return duration(value)
  if (name === "total_flos") return `${shifted(Math.trunc(value), 30)}GF`
  return PythonNumbers.round(value, 4)
}

const shifted = (value: number, bits: number): bigint => BigInt(Math.floor(value / 2 ** bits))

/** Python's `timedelta` of the whole seconds, and truncated hundredths. */
const duration = (seconds: number): string => {
  const whole = Math.trunc(seconds)
  const hundredths = Math.trunc(Math.abs(seconds - whole) * 100)
  const days = Math.floor(whole / 86400)
  const rest = whole - days * 86400
  const clock = `${Math.floor(rest / 3600)}:${two(Math.floor(rest / 60) % 60)}:${two(rest % 60)}.${two(hundredths)}`
  return days === 0 ? clock : `${days} day${Math.abs(days) === 1 ? "" : "s"}, ${clock}`
}

const two = (value: number): string => String(value).padStart(2, "0")
