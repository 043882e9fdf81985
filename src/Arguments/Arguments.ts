/** Training arguments: Hugging Face's `TrainingArguments` as validated values, which Compile.ts compiles to a plan and an optimizer. */
import { Result } from "effect"
import type { Input } from "./ArgumentsInput.ts"
import type { Arguments } from "./ArgumentsValues.ts"
import * as Deprecated from "./Deprecated.ts"
import type { ArgumentsError, NotSupported, UnknownArgument } from "./Errors.ts"
import { fields, type Name } from "./Fields.ts"
import * as FieldTable from "./FieldTable.ts"
import * as Rules from "./Rules.ts"

export type { Input } from "./ArgumentsInput.ts"
export type { Arguments } from "./ArgumentsValues.ts"
export { evalBatchSize, goal, trainBatchSize } from "./Derived.ts"
export { type ArgumentsError, ContradictoryArguments, InvalidArgument, NotSupported, UnknownArgument } from "./Errors.ts"
export type { Name } from "./Fields.ts"
export { getProcessLogLevel, mainProcessFirst, shouldLog } from "./ProcessRank.ts"
export {
  setDataloader,
  setEvaluate,
  setLogging,
  setLrScheduler,
  setOptimizer,
  setPushToHub,
  setSave,
  setTesting,
  setTraining
} from "./SetMethods.ts"
export { toDict, toJsonString, toSanitizedDict } from "./ToDict.ts"

/** Arguments read from JSON, before validation, with the warnings about deprecated names. */
export type Parsed = FieldTable.Parsed<typeof fields>

/** The names of all arguments in snake_case, as in `TrainingArguments`. */
export const names = Object.keys(fields) as ReadonlyArray<Name>

/**
 * Makes arguments from `input` and the defaults of `TrainingArguments`, and validates each value and their combinations. Deprecated arguments keep their
 * values, and the arguments that replace them are set from them.
 *
 * **Errors**: fails with `InvalidArgument` or `ContradictoryArguments`, whose message says what to change; with `UnknownArgument` for a name that
 * the types did not catch. Valid values that are not supported (`fp16`) are accepted here; `supported` rejects them before a run.
 *
 * **Source**: `TrainingArguments.__init__` and its checks. It also rejects values that could only fail later (a batch size of 0, a negative learning rate).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ learningRate: 1e-3, evalStrategy: "epoch" }))
 * assert.equal(args.numTrainEpochs, 3)
 * assert.throws(() => Result.getOrThrow(Arguments.make({ perDeviceTrainBatchSize: 0 })), /per_device_train_batch_size is 0/)
 * ```
 */
export const make = (input: Input): Result.Result<Arguments, ArgumentsError> =>
  Result.flatMap(FieldTable.read(fields, input), (values) => Rules.check(Deprecated.apply(values)))

/**
 * Checks that every argument value is supported. Every run calls it before step 0: no argument is silently ignored.
 *
 * **Errors**: fails with `NotSupported`, which names the argument, what is missing and what to do.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ optim: "adamw_bnb_8bit" }))
 * assert.throws(() => Result.getOrThrow(Arguments.supported(args)), /needs bitsandbytes/)
 * ```
 */
export const supported = (args: Arguments): Result.Result<void, NotSupported> => FieldTable.supported(fields, args)

/**
 * Lists a warning for each deprecated argument in use, with its replacement.
 *
 * **Source**: the `FutureWarning`s of `TrainingArguments`, reworded.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ adafactor: true }))
 * assert.equal(args.optim, "adafactor")
 * assert.equal(Arguments.warnings(args).length, 1)
 * ```
 */
export const warnings = Deprecated.warnings

/**
 * Reads arguments from JSON with the names of `TrainingArguments`. Removed names (`evaluation_strategy`) are accepted with a warning; a redacted secret
 * such as `<HUB_TOKEN>` is read as null.
 *
 * **Errors**: fails with `UnknownArgument`, which suggests the nearest name; `make` validates the values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * assert.throws(() => Result.getOrThrow(Arguments.fromJson({ learning_rat: 1 })), /Did you mean learning_rate/)
 * ```
 */
export const fromJson = (json: unknown): Result.Result<Parsed, ArgumentsError> => FieldTable.fromJson(fields, json)

/**
 * Writes arguments as JSON with the names of `TrainingArguments`, defaults included, tokens redacted.
 *
 * **Law**: `fromJson` and `make` restore the same arguments, except for tokens (test/property/arguments.test.ts).
 */
export const toJson = (args: Arguments): Readonly<Record<Name, unknown>> => FieldTable.toJson(fields, args)

/**
 * Writes the arguments that differ from their defaults as JSON with the names of `TrainingArguments`, for display.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Arguments } from "regimen"
 *
 * const args = Result.getOrThrow(Arguments.make({ learningRate: 1e-3 }))
 * assert.deepEqual(Arguments.changed(args), { learning_rate: 1e-3 })
 * ```
 */
export const changed = (args: Arguments): Readonly<Record<string, unknown>> => {
  const defaults: Readonly<Record<string, unknown>> = toJson(Result.getOrThrow(make({})))
  return Object.fromEntries(
    Object.entries(toJson(args)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name]))
  )
}

/** Makes the error for an unknown name, with the nearest known one as a suggestion. */
export const unknown = (name: string): UnknownArgument => FieldTable.unknown(name, names)
