/** The `plan` command: what a run would do and when, without training. */
import { Effect, FileSystem, Result, type Scope } from "effect"
import type { Input } from "../Arguments/Arguments.ts"
import type { DataError } from "../Data/Dataset.ts"
import * as Wrap from "../Format/Wrap.ts"
import * as Program from "../Program/Program.ts"
import * as Tasks from "../Task/Tasks.ts"
import type { DataFiles } from "./DataFiles.ts"
import * as ExitCode from "./ExitCode.ts"
import { load } from "./LoadProgram.ts"
import * as Case from "./PlanCase.ts"
import * as Outcome from "./PlanOutcome.ts"
import * as Text from "./PlanText.ts"
import type { TaskOptions } from "./TaskFlags.ts"

export interface Options {
  /** Print JSON, for machines. */
  readonly json: boolean
  /** **Unit**: terminal columns. */
  readonly columns: number
}

export interface Printed {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

/** Plans a program: what its run would do from its start. Metrics are not known, and what depends on them is printed as unknown. */
export const program = Effect.fnUntraced(function* (file: string, given: Input, dataFiles: DataFiles, options: Options) {
  const { overrides, program: loaded } = yield* load(file)
  const files = { ...overrides.files, ...dataFiles }
  const program = Object.keys(files).length === 0 ? loaded : loaded.reading(files)
  return yield* planned(program, { ...overrides.args, ...given }, options)
})

/** Plans the training of a task, as `program` does. */
export const task = Effect.fnUntraced(function* (
  { name, settings }: TaskOptions,
  given: Input,
  files: DataFiles,
  options: Options
) {
  return yield* planned(yield* Tasks.make({ task: name, settings, files }), given, options)
})

const planned = Effect.fnUntraced(function* (program: Program.Program<DataError, Scope.Scope>, given: Input, options: Options) {
  const { args, plan, task } = yield* Effect.scoped(Program.prepare(program, given))
  const outcome = yield* Effect.fromResult(Outcome.fromPlan(args, plan, (set) => task.evaluation[set]?.batchesPerEpoch ?? 0))
  return printed(options.json ? JSON.stringify(outcome) : Text.render(outcome, width(options)))
})

/** Plans the cases of a file. A file that cannot be read is printed as an error too. */
export const run = (file: string, options: Options): Effect.Effect<Printed, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.use((files) => files.readFileString(file)).pipe(
    Effect.map((text) => render(text, options)),
    Effect.catch((error) =>
      Effect.succeed(refusal(new Case.InvalidCase({ reason: `${file} cannot be read: ${error.message}` }), options))
    )
  )

/**
 * Plans one case, or an array of them, given as JSON text. In an array a case that is refused has `{"error": {"_tag", "message"}}` in its place;
 * alone it is printed to standard error, with exit code 2.
 */
export const render = (text: string, options: Options): Printed => {
  const parsed = Result.try(() => JSON.parse(text) as unknown)
  if (Result.isFailure(parsed)) return refusal(new Case.InvalidCase({ reason: "The cases are not JSON." }), options)
  const cases = parsed.success
  if (!Array.isArray(cases)) {
    const planned = plan(cases)
    if (Result.isFailure(planned)) return refusal(planned.failure, options)
    return printed(options.json ? JSON.stringify(planned.success) : Text.render(planned.success, width(options)))
  }
  const all = cases.map((one) => [one, plan(one)] as const)
  if (options.json) return printed(JSON.stringify(all.map(([, planned]) => Result.merge(Result.mapError(planned, toJson)))))
  return printed(
    all
      .map(([one, planned], i) => {
        const body = Result.isFailure(planned)
          ? Wrap.text(message(planned.failure), width(options))
          : Text.render(planned.success, width(options))
        return `${title(one, i)}\n\n${body}`
      })
      .join("\n\n\n")
  )
}

const plan = (json: unknown): Result.Result<Outcome.Outcome, Outcome.PlanError> => Result.flatMap(Case.decode(json), Outcome.make)

const printed = (stdout: string): Printed => ({ stdout, stderr: "", exitCode: ExitCode.done })

const refusal = (error: Outcome.PlanError, { json }: Options): Printed => ({
  stdout: "",
  stderr: json ? JSON.stringify(toJson(error)) : message(error),
  exitCode: ExitCode.badArguments
})

const toJson = ({ _tag, message }: Outcome.PlanError) => ({ error: { _tag, message } })

const message = (error: Outcome.PlanError): string => `${error._tag}: ${error.message}`

const width = ({ columns }: Options): number => Math.min(80, Math.max(30, columns))

const title = (json: unknown, i: number): string =>
  typeof json === "object" && json !== null && "name" in json && typeof json.name === "string"
    ? `# ${json.name.replaceAll(/\p{Cc}/gu, " ")}`
    : `# case ${i + 1}`
