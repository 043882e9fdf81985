/** The files that hold metrics beside a run: `train_results.json`, `eval_results.json`, ..., and all of them in `all_results.json`. */
import { numeral, type Results } from "../Metrics/Format/Results.ts"
import * as Json from "./Json.ts"

/** The file of everything. */
export const all = "all_results.json"

/** The file of a split (`train`, `eval`, `test`). */
export const nameOf = (split: string): string => `${split}_results.json`

/**
 * Writes metrics as the text of a file: by name, four spaces, with Python's NaN and Infinity; a whole number has a point unless it counts something.
 *
 * **Law**: fromJson(toJson(results)) equals results (test/unit/Checkpoint/ResultFiles.test.ts).
 *
 * **Source**: `Trainer.save_metrics`: `json.dump(metrics, f, indent=4, sort_keys=True)`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { ResultFiles } from "regimen"
 *
 * assert.equal(ResultFiles.toJson({ train_samples: 8, epoch: 2, eval_loss: NaN }), `{
 *     "epoch": 2.0,
 *     "eval_loss": NaN,
 *     "train_samples": 8
 * }`)
 * ```
 */
export const toJson = (results: Readonly<Record<string, unknown>>): string => {
  const names = Object.keys(results).sort()
  if (names.length === 0) return "{}"
  return `{\n${names.map((name) => `    ${ascii(JSON.stringify(name))}: ${literal(name, results[name])}`).join(",\n")}\n}`
}

/** Reads the text of such a file, whoever wrote it. **Errors**: throws `SyntaxError`. */
export const fromJson = (text: string): Readonly<Record<string, unknown>> => {
  const read = Json.parse(text)
  if (typeof read !== "object" || read === null || Array.isArray(read))
    throw new SyntaxError("a results file holds one JSON object")
  return read as Readonly<Record<string, unknown>>
}

/** Adds metrics to the text of `all_results.json`, undefined where there is none yet: what has the same name is replaced, the rest stays. */
export const merge = (text: string | undefined, results: Results): string =>
  toJson({ ...(text === undefined ? {} : fromJson(text)), ...results })

const literal = (name: string, value: unknown): string => {
  if (typeof value !== "number") return ascii(Json.stringify(value))
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  return numeral(name, value)
}

/** Python writes what is not ASCII as escapes. */
const ascii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
