/** Sequence-to-sequence training arguments: Hugging Face's `Seq2SeqTrainingArguments`, which adds five to `TrainingArguments`. */
import { Result } from "effect"
import type { Seq2SeqInput } from "./ArgumentsInput.ts"
import type { Seq2SeqArguments } from "./ArgumentsValues.ts"
import * as Deprecated from "./Deprecated.ts"
import type { ArgumentsError, NotSupported } from "./Errors.ts"
import { seq2seq } from "./Fields.ts"
import * as FieldTable from "./FieldTable.ts"
import * as Rules from "./Rules.ts"

/** Validated arguments. They are also `Arguments`, and can be used in their place. */
export type { Seq2SeqArguments }

/** Input arguments; omitted ones have the defaults of `Seq2SeqTrainingArguments`. */
export type Input = Seq2SeqInput

/**
 * Makes arguments from `input` and the defaults, as `Arguments.make` does.
 *
 * **Errors**: those of `Arguments.make`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Seq2SeqArguments } from "regimen"
 *
 * const args = Result.getOrThrow(Seq2SeqArguments.make({ generationNumBeams: 4, learningRate: 1e-3 }))
 * assert.equal(args.generationNumBeams, 4)
 * assert.ok(Result.isSuccess(Seq2SeqArguments.supported(args)))
 * ```
 */
export const make = (input: Input): Result.Result<Seq2SeqArguments, ArgumentsError> =>
  Result.flatMap(FieldTable.read(seq2seq, input), (values) => Rules.check(Deprecated.apply(values)))

/** Checks that every argument value is supported. **Errors**: fails with `NotSupported`. */
export const supported = (args: Seq2SeqArguments): Result.Result<void, NotSupported> => FieldTable.supported(seq2seq, args)

/** Reads arguments from JSON with the names of `Seq2SeqTrainingArguments`. **Errors**: those of `Arguments.fromJson`. */
export const fromJson = (json: unknown): Result.Result<FieldTable.Parsed<typeof seq2seq>, ArgumentsError> =>
  FieldTable.fromJson(seq2seq, json)

/** Writes arguments as JSON with the names of `Seq2SeqTrainingArguments`. **Law**: `fromJson` and `make` restore the same arguments, except for tokens. */
export const toJson = (args: Seq2SeqArguments): Readonly<Record<string, unknown>> => FieldTable.toJson(seq2seq, args)
