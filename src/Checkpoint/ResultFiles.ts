/** The files that hold metrics beside a run: `train_results.json`, `eval_results.json`, ..., and all of them in `all_results.json`. */
import { Effect, FileSystem, Schema } from "effect"
import * as PythonJson from "../Format/PythonJson.ts"
import { numeral, type Results } from "../Format/Results.ts"
import * as DurableFiles from "./DurableFiles.ts"

export class ResultsError extends Schema.TaggedError<ResultsError>()("ResultsError", {
  path: Schema.String,
  operation: Schema.Literals(["read", "write"]),
  reason: Schema.String
}) {
  override get message() {
    return `${this.path}: the metrics could not be ${this.operation === "read" ? "read" : "written"}: ${this.reason}`
  }
}

/** The file of everything. */
export const all = "all_results.json"

/** The file of a split (`train`, `eval`, `test`). */
export const nameOf = (split: string): string => `${split}_results.json`

/**
 * Writes metrics as the text of a file: by name, four spaces, with Python's NaN and Infinity; an integer has a decimal point unless it is a count.
 *
 * **Law**: fromJson(toJson(results)) equals results (test/unit/Checkpoint/ResultFiles.test.ts).
 *
 * **Source**: `Trainer.save_metrics`: `json.dump(metrics, f, indent=4, sort_keys=True)`.
 */
export const toJson = (results: Readonly<Record<string, unknown>>): string => {
  const names = Object.keys(results).sort()
  if (names.length === 0) return "{}"
  return `{\n${names.map((name) => `    ${ascii(JSON.stringify(name))}: ${literal(name, results[name])}`).join(",\n")}\n}`
}

/** Reads the text of such a file, whoever wrote it. **Errors**: throws `SyntaxError`. */
export const fromJson = (text: string): Readonly<Record<string, unknown>> => {
  const read = PythonJson.parse(text)
  if (typeof read !== "object" || read === null || Array.isArray(read))
    throw new SyntaxError("a results file holds one JSON object")
  return read as Readonly<Record<string, unknown>>
}

/** Adds metrics to the text of `all_results.json`, undefined where there is none yet: what has the same name is replaced, the rest stays. */
export const merge = (text: string | undefined, results: Results): string =>
  toJson({ ...(text === undefined ? {} : fromJson(text)), ...results })

/**
 * Saves metrics in a folder, which is created if it does not exist: in the split's own file, and with those of other splits in `all_results.json`, unless
 * `combined` is false. Each file is replaced atomically.
 *
 * **Errors**: fails with `ResultsError` for a disk that does not let us, and for an `all_results.json` that is none.
 *
 * **Source**: `Trainer.save_metrics`.
 */
export const save = Effect.fn("ResultFiles.save")(function* (
  folder: string,
  split: string,
  results: Results,
  options: { readonly combined?: boolean } = {}
) {
  const fs = yield* FileSystem.FileSystem
  const write = (name: string, text: string) => {
    const path = `${folder}/${name}`
    return Effect.mapError(
      DurableFiles.replace(folder, name, text),
      (error) => new ResultsError({ path, operation: "write", reason: DurableFiles.advice(error) })
    )
  }
  yield* write(nameOf(split), toJson(results))
  if (options.combined === false) return
  const path = `${folder}/${all}`
  const unread = (reason: string) => new ResultsError({ path, operation: "read", reason })
  const before = yield* fs.readFileString(path).pipe(
    Effect.catchIf(DurableFiles.isMissing, () => Effect.succeed(undefined)),
    Effect.mapError((error) => unread(DurableFiles.advice(error)))
  )
  const merged = yield* Effect.try({
    try: () => merge(before, results),
    catch: () => unread("it holds no JSON object. Move it away.")
  })
  yield* write(all, merged)
})

const literal = (name: string, value: unknown): string => {
  if (typeof value !== "number") return ascii(PythonJson.stringify(value))
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity"
  return numeral(name, value)
}

/** Python writes what is not ASCII as escapes. */
const ascii = (text: string): string =>
  text.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
