/** `regimen train` and `regimen resume`: run a program in its output folder, or go on where it was. */
import { Console, Effect, Exit, Option, Path, type Scope } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as MemoryStore from "../Checkpoint/MemoryStore.ts"
import type { DataError } from "../Data/Dataset.ts"
import type { Options } from "../Driver/Run.ts"
import * as Numbers from "../Format/Numbers.ts"
import type { Results } from "../Format/Results.ts"
import * as Trainer from "../HuggingFaceTrainer/Trainer.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as NoLogger from "../Layer/Logger/None.ts"
import * as Optimizer from "../Layer/Optimizer.ts"
import * as Program from "../Program/Program.ts"
import * as RunLayers from "../Program/RunLayers.ts"
import * as Tasks from "../Task/Tasks.ts"
import * as Key from "../Tensor/Key.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { DataFiles } from "./DataFiles.ts"
import * as ExitCode from "./ExitCode.ts"
import { load } from "./Load.ts"
import type * as Outcome from "./Outcome.ts"
import * as Phases from "./Phases.ts"
import * as ResumePoint from "./ResumePoint.ts"
import * as RunFolder from "./RunFolder.ts"
import * as RunRecord from "./RunRecord.ts"
import * as TaskFlags from "./TaskFlags.ts"
import * as TrainText from "./TrainText.ts"

/** What is given on the command line. */
export interface Given {
  readonly overrides: Arguments.Input
  readonly files: DataFiles
  readonly device: Devices.Name
  /** Is told what it came to, at whatever end. */
  readonly tell: (outcome: Outcome.Outcome) => Effect.Effect<void>
}

/** A program that is ready to run, and where it comes from. */
export interface Loaded {
  readonly program: Program.Program<DataError, Scope.Scope>
  readonly name: string
  /** A program's file, by its whole path, or a task. */
  readonly from: { readonly file: string } | { readonly task: TaskFlags.Asked }
  readonly given: Given
}

/** Runs the program of a file, and gives the exit code. */
export const train = Effect.fnUntraced(function* (file: string, given: Given) {
  const { program, name, file: absolute, overrides: specified } = yield* load(file)
  const files = { ...specified.files, ...given.files }
  return yield* launch({
    program: Object.keys(files).length === 0 ? program : program.reading(files),
    name,
    from: { file: absolute },
    given: { ...given, files, overrides: { ...specified.args, ...given.overrides } }
  })
})

/** Runs a task on the files that are given, and gives the exit code. */
export const trainTask = Effect.fnUntraced(function* (task: TaskFlags.Asked, given: Given) {
  const args = yield* Effect.fromResult(Arguments.make(given.overrides))
  const { evaluate, predict, train: trains } = Phases.of(args)
  if (predict && !Tasks.predicts(task.name)) return yield* new TaskFlags.NoPrediction({ task: task.name })
  const files = {
    ...given.files,
    ...(evaluate || args.evalStrategy !== "no" ? {} : { validation: undefined }),
    ...(predict ? {} : { test: undefined })
  }
  const trained = trains ? undefined : yield* trainedModel(task, args)
  const settings = { ...task.settings, ...trained }
  const program = yield* Tasks.make({ task: task.name, settings, files, trains, seed: args.seed })
  return yield* launch({ program, name: task.name, from: { task: yield* TaskFlags.placed(task) }, given })
})

/** The model of the task's run in the output folder: its weights are what is evaluated, so its labels are what they mean. */
const trainedModel = Effect.fnUntraced(function* ({ name }: TaskFlags.Asked, args: Arguments.Arguments) {
  const folder = args.outputDir
  const found = yield* RunFolder.read(folder)
  if (Option.isNone(found) || found.value.task?.name !== name) return
  const modelNameOrPath = yield* ResumePoint.model(yield* ResumePoint.find(args, folder), folder)
  return modelNameOrPath === undefined ? undefined : { modelNameOrPath, configName: null, tokenizerName: null }
})

/** Runs a program, and gives the exit code. Interrupted, it saves, says so, and leaves the exit code with the process. */
export const launch = Effect.fnUntraced(function* ({ program, name, from, given }: Loaded) {
  const path = yield* Path.Path
  const { files, overrides } = given
  const args = yield* Effect.fromResult(Arguments.make({ ...program.args, ...overrides }))
  const phases = Phases.of(args)
  yield* Effect.fromResult(RunLayers.check(args, given.device))
  const folder = args.outputDir
  const end = (status: Outcome.Outcome["status"], step: number, metrics: Results) =>
    given.tell({ program: name, output_dir: folder, status, step, metrics })
  // what only evaluates a task's model needs no run
  const lone = "task" in from && !phases.train && Option.isNone(yield* RunFolder.read(folder))
  const found = lone ? Option.none() : yield* RunFolder.claim(folder, name, args.overwriteOutputDir)
  const recorded = RunRecord.of(args)
  const asked = args.resumeFromCheckpoint
  const finished = Option.filter(found, ({ status }) => status === "finished")
  const now = yield* RunRecord.telling(recorded, "task" in from ? from.task : undefined)
  const before = Option.isSome(finished) ? yield* RunRecord.telling(finished.value.args, finished.value.task) : {}
  const differing = TrainText.differing(before, now)
  const settled = Option.isSome(finished) && (asked === null || asked === true) && differing === ""
  const more = phases.evaluate || phases.predict
  if (settled && !more) {
    const { step, metrics } = finished.value
    yield* Console.log(
      `${folder} holds a finished run of ${name}: ${Numbers.thousands(step)} steps${TrainText.list(metrics)}. Nothing to do.`
    )
    yield* end("finished", step, metrics)
    return ExitCode.done
  }
  if (Option.isSome(found)) yield* RunFolder.isFree(folder)
  const origin = yield* ResumePoint.find(args, folder)
  const prepared = yield* Program.prepare(program, overrides)
  const test = phases.predict ? yield* prepared.test : undefined
  yield* Effect.fromResult(Phases.check(phases, prepared, test))
  const afterwards = Effect.fnUntraced(
    function* (weights: HostWeights, epoch: number) {
      const evaluated = phases.evaluate ? yield* Phases.evaluated(folder, prepared, weights, epoch) : {}
      const predicted = test === undefined ? {} : yield* Phases.predicted(folder, prepared, weights, test)
      return { ...evaluated, ...predicted }
    },
    Effect.provide(Devices.named(given.device))
  )
  if (lone) {
    const { buffers, init } = prepared.task.model
    const key = Key.make(args.seed)
    const weights = { parameters: init(key), buffers: buffers?.(key) ?? {}, slots: {} }
    yield* end("finished", 0, yield* afterwards(weights, 0))
    return ExitCode.done
  }
  if (!phases.train || settled) {
    const { epoch, weights } = yield* ResumePoint.weights(origin, folder, prepared.task)
    yield* end("finished", origin.step, yield* afterwards(weights, epoch))
    return ExitCode.done
  }
  if (Option.isSome(finished) && origin.step >= prepared.plan.horizon.maxSteps) {
    yield* Console.log(
      `${folder} holds a finished run of ${name} with other arguments (${differing}), and no step is left. To train anew, pass --overwrite_output_dir or another --output_dir; to go on, ask for more epochs or steps.`
    )
    yield* end("finished", finished.value.step, finished.value.metrics)
    return ExitCode.done
  }
  // nothing of an older run goes before it is known that this one can start
  if (args.overwriteOutputDir) {
    if (!args.autoFindBatchSize) yield* dryRun(prepared, origin, given.device) // that one finds out as it goes
    yield* RunFolder.clear(folder)
  }
  if (Option.isSome(found) || origin.step > 0) yield* Console.log(ResumePoint.describe(folder, origin))
  const written = Option.match(found, { onNone: () => [], onSome: ({ wrote }) => wrote })
  const note = (status: RunFolder.Status["status"], step: number, metrics: RunFolder.Status["metrics"] = {}, wrote = written) =>
    RunFolder.write(folder, {
      program: name,
      ...("task" in from ? from : { file: path.relative(path.resolve(folder), from.file) }),
      status,
      files: Object.fromEntries(Object.entries(files).map(([split, file]) => [split, path.resolve(file)])),
      args: recorded,
      step,
      metrics,
      wrote
    })
  yield* note("running", origin.step)

  // a checkpoint from elsewhere is in this folder only once it is saved here
  let cut = { step: origin.elsewhere === undefined ? origin.step : 0, safe: true }
  let ended: Trainer.TrainResult | undefined
  const options: Options = {
    from: origin.from,
    onInterrupt: (at) =>
      Effect.sync(() => {
        cut = at
      }),
    onEnd: (report) =>
      Effect.sync(() => {
        ended = report
      })
  }
  const running = Program.train(prepared, options).pipe(Effect.provide(RunLayers.fromArguments(args, { device: given.device })))
  const keep = Effect.fnUntraced(function* (report: Trainer.TrainResult) {
    const { state, weights } = report
    const metrics = state.evaluations?.last.metrics ?? {}
    const beside = prepared.options.files ?? {}
    yield* RunFolder.saveModel(folder, prepared.task.model, weights, beside)
    const trained = yield* Phases.trained(folder, prepared, report)
    yield* note("finished", state.step, metrics, [...new Set([...written, ...Object.keys(beside)])])
    process.exitCode = ExitCode.done
    yield* Console.log(
      TrainText.finished({ name, folder, step: state.step, metrics, figures: yield* RunFolder.hasFigures(folder) })
    )
    return trained
  })
  const tell = Effect.gen(function* () {
    process.exitCode = cut.safe ? ExitCode.interrupted : ExitCode.failed
    yield* Effect.ignore(note("interrupted", cut.step))
    yield* Console.log(TrainText.interrupted(folder, cut, args))
    yield* end("interrupted", cut.step, {})
  })
  const tellAfter = Effect.fnUntraced(function* (step: number, trained: Results) {
    process.exitCode = ExitCode.interrupted
    yield* Console.log(TrainText.interruptedAfter(folder, phases))
    yield* end("interrupted", step, trained)
  })
  // A run that is at its end is finished, whatever signal comes; what follows it heeds signals again.
  return yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const exit = yield* Effect.exit(restore(running))
      const whole = ended !== undefined && Exit.hasInterrupts(exit) ? Exit.succeed(ended) : exit
      if (Exit.hasInterrupts(whole)) yield* tell
      const report = yield* whole
      const { state, weights } = report
      const trained = yield* keep(report)
      if (!more) {
        yield* end("finished", state.step, trained)
        return ExitCode.done
      }
      const rest = yield* restore(afterwards(weights, state.epoch)).pipe(Effect.onInterrupt(() => tellAfter(state.step, trained)))
      yield* end("finished", state.step, { ...trained, ...rest })
      return ExitCode.done
    })
  ).pipe(
    Effect.tapErrorTag("DataError", () =>
      Effect.sync(() => {
        process.exitCode = ExitCode.failed
      })
    )
  )
}, Effect.scoped)

/** Goes on with the run of a folder: the program and its arguments are those that it was started with, where flags don't say otherwise. */
export const resume = Effect.fnUntraced(function* (folder: string, given: Given) {
  const path = yield* Path.Path
  const found = yield* RunFolder.read(folder)
  if (Option.isNone(found)) {
    return yield* new RunFolder.FolderError({
      path: folder,
      reason: "there is no run in it. Start one with `regimen train <file>`."
    })
  }
  if (given.overrides.outputDir !== undefined && path.resolve(given.overrides.outputDir) !== path.resolve(folder)) {
    return yield* new RunFolder.FolderError({
      path: given.overrides.outputDir,
      reason: `\`regimen resume ${folder}\` goes on in that folder. Leave --output_dir out, or train into another folder with --resume_from_checkpoint.`
    })
  }
  const { input } = yield* Effect.fromResult(Arguments.fromJson(found.value.args))
  const { doTrain, doEval, doPredict, ...kept } = input
  const phases = [given.overrides.doTrain, given.overrides.doEval, given.overrides.doPredict]
  const said = phases.some((phase) => phase !== undefined)
  const overrides = { ...kept, ...(said ? {} : { doTrain, doEval, doPredict }), ...given.overrides, outputDir: folder }
  const { file, files, task } = found.value
  const more = { ...given, overrides, files: { ...files, ...given.files } }
  return yield* task === undefined ? train(path.resolve(folder, file ?? ""), more) : trainTask(task, more)
})

/** Finds what would keep a run from starting, away from its folder. */
const dryRun = <E, R>(
  { optimizer, plan, task }: Program.Prepared<E, R>,
  { from }: ResumePoint.ResumeFrom,
  device: Devices.Name
) =>
  Effect.scoped(Trainer.start(task, plan, { from })).pipe(
    Effect.provide([Devices.named(device), Optimizer.layer(optimizer), MemoryStore.layer, NoLogger.layer])
  )
