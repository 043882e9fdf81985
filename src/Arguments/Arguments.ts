/** Training arguments: the page's TrainingArguments as checked values. They compile to a plan and an optimizer (Compile.ts). */
import { Result } from "effect"
import * as Deprecated from "./Deprecated.ts"
import type { ArgumentsError, NotSupported, UnknownArgument } from "./Errors.ts"
import { type Arguments, fields, type Input, type Name } from "./Fields.ts"
import * as Rules from "./Rules.ts"
import * as Table from "./Table.ts"

export { evalBatchSize, trainBatchSize } from "./BatchSize.ts"
export { toDict, toJsonString, toSanitizedDict } from "./Dict.ts"
export { type ArgumentsError, ContradictoryArguments, InvalidArgument, NotSupported, UnknownArgument } from "./Errors.ts"
export type { Arguments, Input, Name } from "./Fields.ts"
export { goal } from "./Goal.ts"
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
} from "./Helpers.ts"
export { getProcessLogLevel, mainProcessFirst, shouldLog } from "./Process.ts"

/** Arguments as they were read, and what to tell whoever wrote them. */
export type Parsed = Table.Parsed<typeof fields>

/** The table's rows by page name. */
export const names = Object.keys(fields) as ReadonlyArray<Name>

/**
 * Makes arguments from what is given, the page's defaults for the rest, and checks each value and all against each other. Deprecated arguments
 * are kept, and what they mean is in the place of what they are called now.
 *
 * **Errors**: fails with `InvalidArgument` or `ContradictoryArguments`, whose message says what to change; with `UnknownArgument` for a name that
 * slipped past the types. What is right and not there (`fp16`) is kept here, and refused by `supported` before a run.
 *
 * **Source**: `TrainingArguments.__init__` and its checks; refused beyond them is what can only fail later (a batch size of 0, a negative learning rate).
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
  Result.flatMap(Table.read(fields, input), (values) => Rules.check(Deprecated.apply(values)))

/**
 * Checks that a run can do all that its arguments ask for. Every run does so before step 0: nothing is silently ignored.
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
export const supported = (args: Arguments): Result.Result<void, NotSupported> => Table.supported(fields, args)

/**
 * Says which deprecated arguments are in use, and what they are called now.
 *
 * **Source**: the `FutureWarning`s of the page's arguments, in our own words.
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
 * Reads arguments from JSON with the page's names. Spellings that were given up (`evaluation_strategy`) are read, with a warning; a secret that was
 * written as `<HUB_TOKEN>` is none.
 *
 * **Errors**: fails with `UnknownArgument`, which names the nearest that there is; `make` checks the values.
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
export const fromJson = (json: unknown): Result.Result<Parsed, ArgumentsError> => Table.fromJson(fields, json)

/**
 * Writes arguments as JSON with the page's names, defaults included, tokens left out.
 *
 * **Law**: `fromJson` and `make` give them back, tokens apart (test/property/arguments.test.ts).
 */
export const toJson = (args: Arguments): Readonly<Record<Name, unknown>> => Table.toJson(fields, args)

/**
 * Writes the arguments that are not the defaults, as JSON with the page's names: what a run shows of itself.
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

/** The error of a name that there is not, with the nearest that there is. */
export const unknown = (name: string): UnknownArgument => Table.unknown(name, names)
