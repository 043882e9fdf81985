/** A task on the command line: `--task`, and its settings as flags beside the training arguments. */
import { Effect, FileSystem, Path, Result, Schema } from "effect"
import type * as Arguments from "../Arguments/Arguments.ts"
import { fields as training } from "../Arguments/Fields.ts"
import * as Flags from "../Arguments/Flags.ts"
import { toCamel } from "../Arguments/Names.ts"
import * as Table from "../Arguments/Table.ts"
import * as Tasks from "../Task/Tasks.ts"

/** A task and its settings, by their names in camelCase. */
export interface Asked {
  readonly name: string
  readonly settings: Readonly<Record<string, unknown>>
}

export interface Taken {
  readonly task: Asked | undefined
  readonly input: Arguments.Input
  readonly rest: ReadonlyArray<string>
  readonly warnings: ReadonlyArray<string>
}

/** A task whose predictions are not written. */
export class NoPrediction extends Schema.TaggedError<NoPrediction>()("NoPrediction", { task: Schema.String }) {
  override get message() {
    return `A model of the task ${this.task} predicts tokens, and nothing is written of them. Leave --do_predict out; regimen generate writes texts.`
  }
}

/** Neither a program nor a task, or both. */
export class OneOfBoth extends Schema.TaggedError<OneOfBoth>()("OneOfBoth", { given: Schema.Literals(["neither", "both"]) }) {
  override get message() {
    return this.given === "both"
      ? "There are a program and a --task: leave one of them out."
      : `There is nothing to run: give the file of a program, or --task (${Tasks.names().join(", ")}).`
  }
}

/** Takes the training arguments out of the words, and where a task is named, its settings. **Errors**: `UnknownTask`, and those of `Flags.split`. */
export const take = Effect.fnUntraced(function* (words: ReadonlyArray<string>) {
  const name = taskOf(words)
  if (name === undefined) return { task: undefined, ...(yield* Effect.fromResult(Flags.split(words))) } satisfies Taken
  const own = yield* Tasks.fieldsOf(name)
  const { input, rest, warnings } = yield* Effect.fromResult(Flags.splitBy({ ...training, ...own }, words))
  const names = new Set(Object.keys(own).map(toCamel))
  const part = (whether: boolean) => Object.fromEntries(Object.entries(input).filter(([key]) => names.has(key) === whether))
  return { task: { name, settings: part(true) }, input: part(false) as Arguments.Input, rest, warnings } satisfies Taken
})

/** The task as it is from any folder: those that its settings name, where they are here, by their whole paths. */
export const placed = Effect.fnUntraced(function* ({ name, settings }: Asked) {
  const [fs, path] = [yield* FileSystem.FileSystem, yield* Path.Path]
  const entries = yield* Effect.forEach(
    Object.entries(settings),
    Effect.fnUntraced(function* ([key, value]) {
      const here = folders.has(key) && typeof value === "string" && (yield* fs.exists(value))
      return [key, here ? path.resolve(value) : value] as const
    })
  )
  return { name, settings: Object.fromEntries(entries) } satisfies Asked
})

const folders = new Set(["modelNameOrPath", "configName", "tokenizerName"])

/** All its settings, defaults among them, by the names of their flags. **Errors**: `UnknownTask`, and those of `Table.read`. */
export const recordOf = Effect.fnUntraced(function* ({ name, settings }: Asked) {
  const fields = yield* Tasks.fieldsOf(name)
  return Table.toJson(fields, yield* Effect.fromResult(Table.read(fields, settings)))
})

/** The last task that is named. */
const taskOf = (words: ReadonlyArray<string>): string | undefined =>
  words.flatMap((word, i) => (word === "--task" ? (words[i + 1] ?? []) : (/^--task=(.*)$/s.exec(word)?.[1] ?? []))).at(-1)

/** The values of flags of a table, apart from other words. */
export const only = (table: Parameters<typeof Flags.splitBy>[0], words: ReadonlyArray<string>) =>
  Result.map(Flags.splitBy(table, words), ({ input, rest }) => ({ input: input as Readonly<Record<string, unknown>>, rest }))
