/** Loads a program from its file: what the file exports by default. */
import { Effect, FileSystem, Path, Schema } from "effect"
import * as Cells from "../Metrics/Format/Cells.ts"
import type { Program } from "../Trainer/Program.ts"

/** The file holds no program that can be run. */
export class ProgramError extends Schema.TaggedError<ProgramError>()("ProgramError", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file}: ${this.reason}`
  }
}

/** Imports a file and takes its default export. **Errors**: `ProgramError` for a file that is not there, does not load, or exports no program. */
export const load = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const absolute = path.resolve(file)
  const there = yield* fs.exists(absolute).pipe(Effect.orElseSucceed(() => false))
  if (!there) return yield* new ProgramError({ file, reason: "there is no such file." })
  const url = yield* path.toFileUrl(absolute).pipe(Effect.orDie)
  const module = yield* Effect.tryPromise({
    try: (): Promise<{ readonly default?: unknown }> => import(url.href),
    catch: (cause) =>
      new ProgramError({
        file,
        reason: `it cannot be loaded: ${oneLine(cause instanceof Error ? cause.message : String(cause))}`
      })
  })
  if (!isProgram(module.default)) {
    return yield* new ProgramError({ file, reason: "it exports no program. Write `export default Program.make({ ... })`." })
  }
  const { base } = path.parse(absolute)
  return { program: module.default, name: module.default.name ?? base.replace(/\.[cm]?[jt]s$/, ""), file: absolute }
})

/** A syntax error shows the lines around it. */
const oneLine = (text: string) => Cells.clean(text.replaceAll(/\s+/g, " ").trim())

const isProgram = (value: unknown): value is Program =>
  typeof value === "object" && value !== null && "_tag" in value && value._tag === "Program"
