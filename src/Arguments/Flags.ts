/** Parses training arguments from the command line as `HfArgumentParser` does: every argument is a flag. */
import { Result } from "effect"
import { type ArgumentsError, InvalidArgument } from "./Errors.ts"
import type { Field } from "./Field.ts"
import { fields } from "./Fields.ts"
import * as FieldTable from "./FieldTable.ts"
import * as Removed from "./Removed.ts"

export interface Split<T extends FieldTable.Table = typeof fields> {
  /** The training arguments that were given. */
  readonly input: FieldTable.Input<T>
  /** The words that are not training arguments, in order. */
  readonly rest: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

/**
 * Separates the training arguments of a command line from its other words.
 *
 * `--name value` or `--name=value`, with dashes or underscores; `--flag` alone is true, `--flag false` and `--no_flag` are false; a dictionary is JSON
 * (`--lr_scheduler_kwargs '{"num_cycles": 2}'`); a list takes all words up to the next flag. A repeated flag has its last value. Words after `--` are not parsed,
 * and `--log-level` is the command's own flag: the argument is `--log_level`.
 *
 * **Errors**: fails with `UnknownArgument` for an unknown flag with an underscore, and with `InvalidArgument` for a value that cannot be parsed;
 * `Arguments.make` validates the values.
 *
 * **Source**: `HfArgumentParser`.
 */
export const split = (words: ReadonlyArray<string>): Result.Result<Split, ArgumentsError> => splitBy(fields, words)

/** Separates the arguments of a table from the other words of a command line: `Fields.seq2seq` for Seq2SeqTrainingArguments. */
export const splitBy = <T extends FieldTable.Table>(
  table: T,
  words: ReadonlyArray<string>
): Result.Result<Split<T>, ArgumentsError> =>
  Result.gen(function* () {
    const fieldOf = (name: string): Field<unknown> | undefined =>
      Object.hasOwn(table, name) ? table[name] : Removed.of(name)?.field
    const negated = (name: string): string | undefined =>
      name.startsWith("no_") && fieldOf(name.slice(3))?.kind === "boolean" ? name.slice(3) : undefined
    const json: Record<string, unknown> = {}
    const rest: Array<string> = []
    const queue = [...words]
    for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
      const [, written = "", attached] = /^--([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word) ?? []
      const name = written.replaceAll("-", "_")
      const field = written === "log-level" ? undefined : fieldOf(name)
      const off = negated(name)
      if (word === "--") {
        rest.push(word, ...queue.splice(0))
      } else if (field !== undefined) {
        json[name] = yield* value(name, field, attached, queue)
      } else if (attached === undefined && off !== undefined) {
        json[off] = false
      } else {
        if (written.includes("_")) return yield* Result.fail(FieldTable.unknown(name, Object.keys(table)))
        rest.push(word)
      }
    }
    const { input, warnings } = yield* FieldTable.fromJson(table, json)
    return { input, rest, warnings }
  })

/** Parses the value of a flag: `attached` with `=`, or the next words. */
const value = (
  name: string,
  field: Field<unknown>,
  attached: string | undefined,
  queue: Array<string>
): Result.Result<unknown, ArgumentsError> => {
  const next = () => attached ?? (queue.length > 0 && !isFlag(queue[0]!) ? queue.shift() : undefined)
  const refuse = (value: unknown) => Result.fail(new InvalidArgument({ argument: name, value, expected: field.expected }))
  if (field.kind === "boolean") {
    if (attached === undefined && boolean(queue[0] ?? "") === undefined && !isNull(field, queue[0])) return Result.succeed(true)
    const word = next()
    if (isNull(field, word)) return Result.succeed(null)
    const read = boolean(word ?? "")
    return read === undefined ? refuse(word) : Result.succeed(read)
  }
  if (field.kind === "list") {
    const end = queue.findIndex(isFlag)
    const list = attached === undefined ? queue.splice(0, end < 0 ? queue.length : end) : [attached]
    return list.length === 0 ? refuse(undefined) : Result.succeed(list)
  }
  const word = next()
  if (word === undefined) return refuse(undefined)
  switch (field.kind) {
    case "number":
      if (isNull(field, word)) return Result.succeed(null)
      return /^[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(word)
        ? Result.succeed(Number(word.replaceAll("_", "")))
        : refuse(word)
    case "json":
      return Result.mapError(
        Result.try(() => JSON.parse(word) as unknown),
        () => new InvalidArgument({ argument: name, value: word, expected: `${field.expected}, in JSON` })
      )
    case "switch":
      return Result.succeed(boolean(word) ?? word)
    case "text":
      return Result.succeed(word)
  }
}

const isFlag = (word: string): boolean => /^--[A-Za-z]/.test(word) || word === "--"

const isNull = (field: Field<unknown>, word: string | undefined): boolean =>
  field.nullable === true && /^(null|none)$/i.test(word ?? "")

const boolean = (word: string): boolean | undefined =>
  /^(true|t|yes|y|1)$/i.test(word) ? true : /^(false|f|no|n|0)$/i.test(word) ? false : undefined
