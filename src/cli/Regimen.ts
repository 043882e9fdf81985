/** The subcommands of `regimen`, their errors and exit codes. */
import { Cause, Console, Effect, Logger, Option, Path, Stdio } from "effect"
import { Argument, CliError, CliOutput, Command, Flag } from "effect/cli"
import packageJson from "../../package.json" with { type: "json" }
import * as Arguments from "../Arguments/Arguments.ts"
import * as Help from "../Arguments/Help.ts"
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../Checkpoint/FileSystemStore.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as Tasks from "../Task/Tasks.ts"
import * as DataFiles from "./DataFiles.ts"
import * as Doctor from "./Doctor.ts"
import * as ExitCode from "./ExitCode.ts"
import { generate, fields as generation } from "./Generate.ts"
import * as HelpText from "./HelpText.ts"
import * as Inspect from "./Inspect.ts"
import { isSpec } from "./LoadProgram.ts"
import * as Plan from "./Plan.ts"
import { predict } from "./Predict.ts"
import * as Print from "./Print.ts"
import * as TaskFlags from "./TaskFlags.ts"
import { type CommandLine, resume, train, trainTask } from "./Train.ts"
import * as TrainOutcome from "./TrainOutcome.ts"

/** Sets the exit code. */
const end = (code: number) =>
  Effect.sync(() => {
    process.exitCode = code
  })

/** The width of help and of plans: that of the terminal, at most 80. **Unit**: columns. */
const width = Effect.map(Print.columns, (columns) => Math.min(80, columns))

const device = Flag.Literals("device", Devices.names as [Devices.Name, ...Array<Devices.Name>]).pipe(
  Flag.withDescription("Where to run (default: the best that works)"),
  Flag.withDefault("auto" as const)
)
const json = Flag.Boolean("json").pipe(Flag.withDescription("Print JSON, for machines"), Flag.withDefault(false))
const task = Flag.String("task").pipe(
  Flag.withDescription(`What to do with a model: ${Tasks.names().join(", ")}; --task <name> --help lists its settings`),
  Flag.optional
)

/** The parsed part of the command line: training arguments, files, and the settings of a task or of a generation. */
interface Parsed {
  readonly overrides: Arguments.Input
  readonly files: DataFiles.DataFiles
  readonly task: TaskFlags.TaskOptions | undefined
  readonly settings: Readonly<Record<string, unknown>>
}

/** The subcommands. */
const commands = ({ overrides, files, task: asked, settings }: Parsed) =>
  [
    Command.make(
      "train",
      {
        file: Argument.String("file").pipe(
          Argument.withDescription(
            "A file whose default export is a program, or a spec: JSON with its path as program, and arguments"
          ),
          Argument.optional
        ),
        task,
        device,
        json
      },
      Effect.fnUntraced(function* ({ file, device, json }) {
        if (Option.isSome(file) === (asked !== undefined))
          return yield* new TaskFlags.OneOfBoth({ given: asked === undefined ? "neither" : "both" })
        const run = Effect.fnUntraced(function* (report: CommandLine["report"]) {
          const commandLine = { overrides, device, files, report }
          return asked === undefined ? yield* train(Option.getOrThrow(file), commandLine) : yield* trainTask(asked, commandLine)
        })
        return yield* Effect.flatMap(TrainOutcome.reporting(json, run), end)
      })
    ).pipe(
      Command.withShortDescription("Train a program, or a model for a task; evaluate and predict"),
      Command.withDescription(
        "Run a program, or resume it; or train a model for a task on files of rows. Every training argument is a flag (--learning_rate 1e-3). --do_train, --do_eval and --do_predict select the phases (default: train); --train_file, --validation_file and --test_file replace the program's data."
      ),
      Command.withExamples([
        { command: "regimen train examples/mnist.ts", description: "Train, or resume an interrupted run" },
        {
          command: "regimen train examples/mnist.ts --num_train_epochs 5 --output_dir runs/five",
          description: "With other arguments"
        },
        {
          command: "regimen train --task text-classification --model_name_or_path model --train_file rows.csv",
          description: "A model of your own for a task"
        }
      ])
    ),
    Command.make("predict", { task, device, json }, ({ device, json }) =>
      Effect.flatMap(predict(asked, { overrides, files, device, json }), end)
    ).pipe(
      Command.withShortDescription("Predict a file with a model of a task"),
      Command.withDescription(
        "Predict the --test_file with the model of a task (--model_name_or_path). The predictions go to standard output, or into --output_dir."
      )
    ),
    Command.make(
      "generate",
      {
        model: Argument.String("model").pipe(Argument.withDescription("Folder of a model, or its name on the hub")),
        prompts: Argument.String("prompt").pipe(
          Argument.withDescription("Text to continue, or to translate; without one, each line of standard input is a prompt"),
          Argument.variadic()
        ),
        device,
        json
      },
      ({ model, prompts, device, json }) => generate({ model, prompts, settings, device, json })
    ).pipe(
      Command.withShortDescription("Generate text with a model"),
      Command.withDescription(
        "Generate text with a model. Every generation setting is a flag (--max_new_tokens 30, --do_sample, --num_beams 4), and so are --prompts_file, --chat, --seed and --revision."
      ),
      Command.withExamples([
        { command: "regimen generate runs/tale 'Once upon a time' --do_sample --top_p 0.9", description: "Continue a text" }
      ])
    ),
    Command.make(
      "resume",
      { folder: Argument.String("folder").pipe(Argument.withDescription("The output folder of a run")), device, json },
      ({ folder, device, json }) =>
        Effect.flatMap(
          TrainOutcome.reporting(json, (report) => resume(folder, { overrides, device, files, report })),
          end
        )
    ).pipe(Command.withDescription("Resume the run of an output folder")),
    Command.make(
      "inspect",
      { checkpoint: Argument.String("checkpoint").pipe(Argument.withDescription("A folder checkpoint-<step>")), json },
      Effect.fnUntraced(function* ({ checkpoint, json }) {
        const path = yield* Path.Path
        const step = CheckpointName.step(path.basename(path.resolve(checkpoint)))
        if (step === undefined) return yield* new Inspect.NotACheckpoint({ path: checkpoint })
        const found = yield* Effect.flatMap(CheckpointStore, (store) => store.load(step)).pipe(
          Effect.provide(FileSystemStore.layer({ directory: path.dirname(path.resolve(checkpoint)) }))
        )
        yield* Console.log(json ? JSON.stringify(Inspect.toJson(found), null, 2) : Inspect.render(found, yield* Print.columns))
      })
    ).pipe(Command.withDescription("Show the contents of a checkpoint")),
    Command.make(
      "plan",
      {
        file: Argument.String("file").pipe(
          Argument.withDescription("A program, or a JSON file: one case or an array of them"),
          Argument.optional
        ),
        task,
        json
      },
      Effect.fnUntraced(function* ({ file, json }) {
        if (Option.isSome(file) === (asked !== undefined))
          return yield* new TaskFlags.OneOfBoth({ given: asked === undefined ? "neither" : "both" })
        const options = { json, columns: yield* width }
        const name = Option.getOrElse(file, () => "")
        const cases = name.endsWith(".json") && !(yield* isSpec(name))
        const { stdout, stderr, exitCode } = cases
          ? yield* Plan.run(name, options)
          : asked === undefined
            ? yield* Plan.program(name, overrides, files, options)
            : yield* Plan.task(asked, overrides, files, options)
        if (stdout !== "") yield* Console.log(stdout)
        if (stderr !== "") yield* json ? Console.error(stderr) : Print.error(stderr)
        return yield* end(exitCode)
      })
    ).pipe(Command.withDescription("Show what a run would do and when, without training")),
    Command.make(
      "doctor",
      { json },
      Effect.fnUntraced(function* ({ json }) {
        const report = yield* Doctor.examine
        yield* Console.log(json ? JSON.stringify(report, null, 2) : Doctor.render(report, yield* Print.columns))
        yield* end(report.well ? ExitCode.done : ExitCode.failed)
      })
    ).pipe(Command.withDescription("Show what this machine can train on"))
  ] as const

const none = { task: undefined, warnings: [] }

/** Runs the command: parses the command line and sets the exit code of the process. */
export const main = Effect.gen(function* () {
  const stdio = yield* Stdio.Stdio
  const words = yield* stdio.args
  const { files, rest: others } = yield* Effect.fromResult(DataFiles.take(words))
  const generates = words[0] === "generate"
  const { input, rest, task, warnings } = generates
    ? { ...none, ...(yield* Effect.fromResult(TaskFlags.only(generation, others))) }
    : yield* TaskFlags.take(others)
  yield* Effect.forEach(warnings, complain)
  const parsed: Parsed = generates
    ? { overrides: {}, files, task, settings: input as Parsed["settings"] }
    : { overrides: input as Arguments.Input, files, task, settings: {} }
  const regimen = Command.make("regimen").pipe(
    Command.withDescription(packageJson.description),
    Command.withSubcommands(commands(parsed))
  )
  const columns = yield* width
  yield* Effect.provideService(
    Command.runWith(regimen, { version: packageJson.version })(rest),
    CliOutput.Formatter,
    HelpText.formatter(columns)
  )
  if (!rest.some((word) => word === "--help" || word === "-h")) return
  if (task !== undefined) {
    const fields = yield* Tasks.fieldsOf(task.name)
    yield* Console.log(`\nSETTINGS\n\n${Help.renderGroups([{ title: `The task ${task.name}`, fields }], columns)}`)
  }
  if (generates) {
    const flags = Object.keys(generation).map((name) => `--${name}`)
    yield* Console.log(`\nSETTINGS\n${HelpText.indented(flags.join(", "), columns, 2)}`)
  }
  if (rest[0] === "train") yield* Console.log(`\nTRAINING ARGUMENTS\n\n${Help.render(columns)}`)
}).pipe(
  Effect.catch((error) => (CliError.isCliError(error) ? usage(error) : Effect.andThen(refuse(error), failed(error)))),
  Effect.catchCause((cause) =>
    Cause.hasInterruptsOnly(cause)
      ? Effect.failCause(cause)
      : Effect.andThen(Effect.flatMap(defect(cause), complain), end(ExitCode.failed))
  ),
  Effect.provide(
    Logger.layer([Logger.make(({ message }) => process.stderr.write(`${Print.wrapped(`regimen: ${sentence(message)}`)}\n`))])
  )
)

/** Prints an error in one line; as JSON if the command was given `--json`. */
const refuse = Effect.fnUntraced(function* (error: { readonly _tag: string; readonly message: string }) {
  const words = yield* Effect.flatMap(Stdio.Stdio, (stdio) => stdio.args)
  const json = ["train", "resume", "predict", "generate"].includes(words[0] ?? "") && words.includes("--json")
  yield* json ? Console.error(TrainOutcome.failure(error)) : complain(error.message)
})

/** Sets the exit code of an error, unless a run has already failed. */
const failed = (error: unknown) =>
  Effect.suspend(() => end(process.exitCode === ExitCode.failed ? ExitCode.failed : ExitCode.of(error)))

const complain = (text: string) => Print.error(`regimen: ${text}`)

/** Handles help and usage errors. For a misspelt training argument it suggests the correct one. */
const usage = Effect.fnUntraced(function* (error: CliError.CliError) {
  if (error._tag !== "ShowHelp") return yield* end(ExitCode.badArguments)
  const unknown = error.errors.flatMap((each) => (each._tag === "UnrecognizedOption" ? [each.option] : []))
  for (const option of unknown) yield* complain(Arguments.unknown(option.replace(/^-+/, "").replaceAll("-", "_")).message)
  yield* end(error.errors.length === 0 ? ExitCode.done : ExitCode.badArguments)
})

/** Describes an unexpected error in one line; with its stack trace at log level debug. */
const defect = Effect.fnUntraced(function* (cause: Cause.Cause<unknown>) {
  const words = yield* Effect.flatMap(Stdio.Stdio, (stdio) => stdio.args)
  if (/--log-level[ =](all|trace|debug)\b/.test(words.join(" "))) return Cause.pretty(cause)
  const error = Cause.squash(cause)
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return `${sentence(what)} This is a bug, in regimen or in the program; --log-level debug shows where.`
})

/** Returns a message as one line that ends with a full stop. */
const sentence = (message: unknown): string => {
  const first = Array.isArray(message) ? message[0] : message
  return String(first)
    .replaceAll(/\s+/g, " ")
    .trim()
    .replace(/(?<![.!?])$/, ".")
}
