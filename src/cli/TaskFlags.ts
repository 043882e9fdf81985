/** A task on the command line: `--task`, and its settings as flags beside the training arguments. */
import { Effect, FileSystem, Path, Result, Schema } from "effect"
import { toCamel } from "../Arguments/ArgumentNames.ts"
import type * as Arguments from "../Arguments/Arguments.ts"
import { fields as training } from "../Arguments/Fields.ts"
import * as FieldTable from "../Arguments/FieldTable.ts"
import * as Flags from "../Arguments/Flags.ts"
import * as Tasks from "../Task/Tasks.ts"

/** A task and its settings, by their names in camelCase. */
export interface TaskOptions {
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
}

export interface ParsedFlags {
  readonly task: TaskOptions | undefined
  readonly input: Arguments.Input
  readonly rest: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

/** The task has no predictions to write. */
export class NoPrediction extends Schema.TaggedError<NoPrediction>()("NoPrediction", { task: Schema.String }) {
  override get message() {
    return `A model of the task ${this.task} predicts tokens, which are not written to a file. Remove --do_predict; regimen generate writes texts.`
  }
}

/** Neither a program nor a task was given, or both. */
export class OneOfBoth extends Schema.TaggedError<OneOfBoth>()("OneOfBoth", { given: Schema.Literals(["neither", "both"]) }) {
  override get message() {
    return this.given === "both"
      ? "Both a program and --task were given; remove one of them."
      : `Nothing to run: pass the file of a program, or --task (${Tasks.names().join(", ")}).`
  }
}

/** Parses the training arguments from the command line, and the task's settings if there is one. **Errors**: `UnknownTask`, and those of `Flags.split`. */
export const take = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const name = taskOf(words)
  if (name === undefined) return { task: undefined, ...(yield* Effect.fromResult(Flags.split(words))) } satisfies ParsedFlags
  const own = yield* Tasks.fieldsOf(name)
  const { input, rest, warnings } = yield* Effect.fromResult(Flags.splitBy({ ...training, ...own }, words))
  const names = new Set(Object.keys(own).map(toCamel))
  const part = (whether: boolean) => Object.fromEntries(Object.entries(input).filter(([key]) => names.has(key) === whether))
  return { task: { name, settings: part(true) }, input: part(false) as Arguments.Input, rest, warnings } satisfies ParsedFlags
})

/** Replaces relative folders in a task's settings by absolute paths, so that the task can be resumed from any folder. */
export const placed = Effect.fnUntraced(function* ({ name, settings }: TaskOptions) {
  const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
  const entries = yield* Effect.forEach(
    Object.entries(settings),
    Effect.fnUntraced(function* ([key, value]) {
      const here = folders.has(key) && typeof value === "string" && (yield* fs.exists(value))
      return [key, here ? path.resolve(value) : value] as const
    })
  )
  return { name, settings: Object.fromEntries(entries) } satisfies TaskOptions
})

const folders = new Set(["modelNameOrPath", "configName", "tokenizerName"])

/** Returns all settings of a task, defaults included, by the names of their flags. **Errors**: `UnknownTask`, and those of `FieldTable.read`. */
export const recordOf = Effect.fnUntraced(function* ({ name, settings }: TaskOptions) {
  const fields = yield* Tasks.fieldsOf(name)
  return FieldTable.toJson(fields, yield* Effect.fromResult(FieldTable.read(fields, settings)))
})

/** Returns the last task on the command line. */
const taskOf = (words: ReadonlyArray<string>): string | undefined =>
  words.flatMap((word, i) => (word === "--task" ? (words[i + 1] ?? []) : (/^--task=(.*)$/s.exec(word)?.[1] ?? []))).at(-1)

/** Splits the command line into the flags of a table and the rest. */
export const only = (table: Parameters<typeof Flags.splitBy>[0], words: ReadonlyArray<string>) =>
  Result.map(Flags.splitBy(table, words), ({ input, rest }) => ({ input: input as Readonly<Record<string, unknown>>, rest }))
