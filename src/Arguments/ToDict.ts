/** Converts arguments to the dictionaries and JSON of Python's `TrainingArguments`, with secrets redacted. */
import type { Arguments } from "./ArgumentsValues.ts"
import { evalBatchSize, evalSteps, goal, trainBatchSize } from "./Derived.ts"
import { fields, seq2seq } from "./Fields.ts"
import * as FieldTable from "./FieldTable.ts"
import type { Seq2SeqArguments } from "./Seq2SeqArguments.ts"

type Dict = Readonly<Record<string, unknown>>

/**
 * Gives arguments by their snake_case names, with derived values filled in: `eval_steps` from `logging_steps`, the metric of the best model, `do_eval`.
 * Tokens are `<HUB_TOKEN>`, given or not. `logging_dir` and `disable_tqdm` stay null if they are resolved when a run starts.
 *
 * **Source**: `TrainingArguments.to_dict` (test/golden/training_arguments_defaults.json), `Seq2SeqTrainingArguments.to_dict`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ evalStrategy: "steps", hubToken: "secret" }))
 * const { eval_steps, hub_token } = Arguments.toDict(args)
 * assert.deepEqual([eval_steps, hub_token], [500, "<HUB_TOKEN>"])
 * ```
 */
export const toDict = (args: Arguments | Seq2SeqArguments): Dict => {
  const json: Dict = "generationConfig" in args ? FieldTable.toJson(seq2seq, args) : FieldTable.toJson(fields, args)
  const best = goal(args)
  return {
    ...json,
    do_eval: args.doEval || args.evalStrategy !== "no",
    eval_steps: evalSteps(args),
    metric_for_best_model: args.metricForBestModel ?? (best === null ? null : "loss"),
    greater_is_better: args.greaterIsBetter ?? (best === null ? null : best.mode === "max"),
    local_rank: Math.max(args.localRank, 0),
    dataloader_pin_memory: args.dataloaderPinMemory && !args.useCpu,
    ...Object.fromEntries(
      Object.keys(json)
        .filter(FieldTable.isSecret)
        .map((name) => [name, FieldTable.redacted(name)])
    )
  }
}

/** Writes `toDict` as JSON, indented by two. **Source**: `to_json_string`. */
export const toJsonString = (args: Arguments | Seq2SeqArguments): string => JSON.stringify(toDict(args), null, 2)

/**
 * Gives `toDict` and both batch sizes with numbers, strings and booleans as they are, and every other value as the string that Python's `repr` writes.
 * Trackers log such values as hyperparameters.
 *
 * **Source**: `to_sanitized_dict` (test/golden/training_args_to_json_example.json).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const { run_name, label_names } = Arguments.toSanitizedDict(Result.getOrThrow(Arguments.make({ labelNames: ["a", "b"] })))
 * assert.deepEqual([run_name, label_names], ["None", "['a', 'b']"])
 * ```
 */
export const toSanitizedDict = (args: Arguments | Seq2SeqArguments): Readonly<Record<string, boolean | number | string>> => {
  const all = { ...toDict(args), train_batch_size: trainBatchSize(args), eval_batch_size: evalBatchSize(args) }
  return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, isSimple(value) ? value : python(value)]))
}

const isSimple = (value: unknown): value is boolean | number | string => ["boolean", "number", "string"].includes(typeof value)

/** Formats a value as Python's `repr` does. */
const python = (value: unknown): string => {
  if (value === null || value === undefined) return "None"
  if (typeof value === "boolean") return value ? "True" : "False"
  if (typeof value === "string") {
    const quote = value.includes("'") && !value.includes('"') ? '"' : "'"
    return quote + value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll(quote, `\\${quote}`) + quote
  }
  if (Array.isArray(value)) return `[${value.map(python).join(", ")}]`
  if (typeof value === "object")
    return `{${Object.entries(value)
      .map(([name, inner]) => `${python(name)}: ${python(inner)}`)
      .join(", ")}}`
  return String(value)
}
