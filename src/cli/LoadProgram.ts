/** Loads a program from its file: what the file exports by default. */
import { Effect, FileSystem, Path, Predicate, Schema } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import { messageOf } from "../ErrorMessage.ts"
import * as TextWidth from "../Format/TextWidth.ts"
import type { Program } from "../Program/Program.ts"
import * as DataFiles from "./DataFiles.ts"

/** The file holds no program that can be run. */
export class ProgramError extends Schema.TaggedError<ProgramError>()("ProgramError", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}

/** What a spec says beside its program. */
export interface Specified {
  readonly args: Arguments.Input
  readonly files: DataFiles.DataFiles
}

/**
 * Loads a program: a module that exports one, or a spec, which is JSON with the path of that module as `program`, arguments under transformers' names, and
 * `train_file`, `validation_file`, `test_file`. Paths are relative to the spec.
 *
 * **Errors**: `ProgramError` for a file that is not there, does not load, or holds no program; those of `Arguments.fromJson`.
 */
export const load = Effect.fnUntraced(function* (file: string) {
  if (!file.endsWith(".json")) return { ...(yield* imported(file)), overrides: { args: {}, files: {} } satisfies Specified }
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const text = yield* fs
    .readFileString(file)
    .pipe(Effect.mapError(() => new ProgramError({ file, reason: "there is no such file, or it cannot be read." })))
  const spec = yield* Effect.try({
    try: () => JSON.parse(text) as unknown,
    catch: (cause) => new ProgramError({ file, reason: `it is not JSON: ${oneLine(String(cause))}` })
  })
  if (!Predicate.isReadonlyObject(spec) || typeof spec.program !== "string") {
    const reason = 'a spec is an object with the path of a program, {"program": "train.ts", "learning_rate": 1e-3}.'
    return yield* new ProgramError({ file, reason })
  }
  const beside = (other: string) => path.resolve(path.dirname(path.resolve(file)), other)
  const files: Record<string, string> = {}
  const args: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(spec)) {
    const split = DataFiles.names[name]
    if (split !== undefined && typeof value === "string") files[split] = beside(value)
    else if (name !== "program") args[name] = value
  }
  const { input, warnings } = yield* Effect.fromResult(Arguments.fromJson(args))
  yield* Effect.forEach(warnings, (warning) => Effect.logWarning(warning))
  return { ...(yield* imported(beside(spec.program))), overrides: { args: input, files } satisfies Specified }
})

/** Whether a JSON file is a spec of a program, and no case to plan. */
export const isSpec = (file: string) =>
  FileSystem.FileSystem.use((fs) => fs.readFileString(file)).pipe(
    Effect.map((text) => Predicate.hasProperty(JSON.parse(text), "program")),
    Effect.catchCause(() => Effect.succeed(false))
  )

/** Imports a file and takes its default export. */
const imported = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const absolute = path.resolve(file)
  const there = yield* fs.exists(absolute).pipe(Effect.orElseSucceed(() => false))
  if (!there) return yield* new ProgramError({ file, reason: "there is no such file." })
  const source = yield* fs.readFileString(absolute).pipe(Effect.orElseSucceed(() => ""))
  if (source !== "" && !mayExportDefault.test(source)) return yield* new ProgramError({ file, reason: notAProgram(file) })
  const url = yield* path.toFileUrl(absolute).pipe(Effect.orDie)
  const module = yield* Effect.tryPromise({
    try: (): Promise<{ readonly default?: unknown }> => import(url.href),
    catch: (cause) =>
      new ProgramError({
        file,
        reason: `it cannot be loaded: ${oneLine(messageOf(cause))}`
      })
  })
  if (!isProgram(module.default)) {
    return yield* new ProgramError({ file, reason: notAProgram(file) })
  }
  const { base } = path.parse(absolute)
  return { program: module.default, name: module.default.name ?? base.replace(/\.[cm]?[jt]s$/, ""), file: absolute }
})

/**
 * Whether a module's text can have a default export. It is looked at before the module is imported, for importing a script that trains at its top level
 * (`await trainer.train()`) would train, and fail afterwards.
 */
const mayExportDefault = /\bexport\b[^;]*\bdefault\b|\bexports\b/

const notAProgram = (file: string) =>
  `it exports no program. Write \`export default Program.make({ ... })\`; a script that calls trainer.train() itself is run with \`node ${file}\`.`

/** A syntax error shows the lines around it. */
const oneLine = (text: string) => TextWidth.clean(text.replaceAll(/\s+/g, " ").trim())

const isProgram = (value: unknown): value is Program =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "Program"
