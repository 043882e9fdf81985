/** `regimen train` from a program that is loaded to the exit code: finds the situation, decides, and carries the decision out. */
import { Effect, Exit, Option, Path, type Scope } from "effect"
import type * as Arguments from "../Arguments/Arguments.ts"
import * as MemoryStore from "../Checkpoint/MemoryStore.ts"
import type { DataError } from "../Data/Dataset.ts"
import type { Location } from "../Driver/ResumeFrom.ts"
import type { Interruption, Options } from "../Driver/Run.ts"
import type { Results } from "../Format/Results.ts"
import * as Trainer from "../HuggingFaceTrainer/Trainer.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as NoLogger from "../Layer/Logger/None.ts"
import * as Optimizer from "../Layer/Optimizer.ts"
import * as Program from "../Program/Program.ts"
import * as RunLayers from "../Program/RunLayers.ts"
import * as Key from "../Tensor/Key.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { DataFiles } from "./DataFiles.ts"
import * as ExitCode from "./ExitCode.ts"
import * as OutputFolder from "./OutputFolder.ts"
import * as Phases from "./Phases.ts"
import * as Print from "./Print.ts"
import * as ResumeFolder from "./ResumeFolder.ts"
import * as RunIdentity from "./RunIdentity.ts"
import type * as TaskFlags from "./TaskFlags.ts"
import * as TrainDecision from "./TrainDecision.ts"
import type * as TrainOutcome from "./TrainOutcome.ts"
import * as TrainText from "./TrainText.ts"

/** What the command line gives. */
export interface CommandLine {
  readonly overrides: Arguments.Input
  readonly files: DataFiles
  readonly device: Devices.Name
  /** Reports the outcome, however the command ends. */
  readonly report: (outcome: TrainOutcome.Outcome) => Effect.Effect<void>
}

/** A program that is ready to run, and where it comes from. */
export interface Loaded {
  readonly program: Program.Program<DataError, Scope.Scope>
  readonly name: string
  /** The program's arguments with those of the command line, checked. */
  readonly args: Arguments.Arguments
  /** A program's file, by its absolute path, or a task. */
  readonly from: { readonly file: string } | { readonly task: TaskFlags.TaskOptions }
  readonly commandLine: CommandLine
}

/** Runs a program, and returns the exit code. When interrupted, it saves, reports that, and sets the exit code of the process. */
export const launch = Effect.fnUntraced(function* ({ args, program, name, from, commandLine }: Loaded) {
  const { device } = commandLine
  yield* Effect.fromResult(RunLayers.check(args, device))
  const folder = args.outputDir
  const phases = Phases.of(args)
  const task = "task" in from ? from.task : undefined
  const hasRun = task === undefined || phases.train || Option.isSome(yield* OutputFolder.read(folder)) // it matters only for a task's model
  const alone = TrainDecision.usesModelAlone({ hasRun, phases, task: task !== undefined })
  const found = alone ? undefined : Option.getOrUndefined(yield* OutputFolder.claim(folder, name, args.overwriteOutputDir))
  const situation = {
    name,
    folder,
    hasRun,
    found,
    phases,
    task: task !== undefined,
    overwrite: args.overwriteOutputDir,
    resumeFromCheckpoint: args.resumeFromCheckpoint,
    findsBatchSize: args.autoFindBatchSize,
    differing:
      found?.status === "finished"
        ? TrainText.differing(
            yield* RunIdentity.identity(found.args, found.task),
            yield* RunIdentity.identity(RunIdentity.of(args), task)
          )
        : []
  }
  const end = (status: TrainOutcome.Outcome["status"], step: number, metrics: Results) =>
    Effect.as(commandLine.report({ program: name, output_dir: folder, status, step, metrics }), ExitCode.done)
  if (TrainDecision.isComplete(situation))
    return yield* report(TrainDecision.decide({ ...situation, resumeStep: 0, maxSteps: 0 }), end)

  if (found !== undefined) yield* OutputFolder.isFree(folder)
  const point = yield* ResumeFolder.find(args, folder)
  const prepared = yield* Program.prepareChecked(program, args)
  const test = phases.predict ? yield* prepared.test : undefined
  yield* Effect.fromResult(Phases.check(phases, prepared, test))
  /** The phases after the training. */
  const evaluate = Effect.fnUntraced(
    function* (weights: HostWeights, epoch: number) {
      const evaluated = phases.evaluate ? yield* Phases.evaluated(folder, prepared, weights, epoch) : {}
      const predicted = test === undefined ? {} : yield* Phases.predicted(folder, prepared, weights, test)
      return { ...evaluated, ...predicted }
    },
    Effect.provide(Devices.named(device))
  )
  const decision = TrainDecision.decide({ ...situation, resumeStep: point.step, maxSteps: prepared.plan.horizon.maxSteps })
  switch (decision._tag) {
    case "Report":
      return yield* report(decision, end)
    case "EvaluateOnly": {
      if (decision.weights === "model") return yield* end("finished", 0, yield* evaluate(initialWeights(prepared, args.seed), 0))
      const { epoch, weights } = yield* ResumeFolder.weights(point, folder, prepared.task)
      return yield* end("finished", point.step, yield* evaluate(weights, epoch))
    }
    case "Train": {
      if (decision.dryRun) yield* dryRun(prepared, point, device)
      if (decision.clear) yield* OutputFolder.clear(folder)
      if (decision.announce) yield* Print.log(ResumeFolder.describe(folder, point))
      return yield* train({ args, commandLine, evaluate, end, folder, found, from, name, phases, point, prepared })
    }
  }
}, Effect.scoped)

type End = (status: TrainOutcome.Outcome["status"], step: number, metrics: Results) => Effect.Effect<number>

const report = Effect.fnUntraced(function* (decision: TrainDecision.Decision, end: End) {
  if (decision._tag !== "Report") return ExitCode.done
  yield* Print.log(decision.message)
  return yield* end("finished", decision.step, decision.metrics)
})

/** Trains, saves the model and the results, and runs the phases after it. */
const train = Effect.fnUntraced(function* <E, R, E2, R2>(options: {
  readonly args: Arguments.Arguments
  readonly commandLine: CommandLine
  readonly evaluate: (weights: HostWeights, epoch: number) => Effect.Effect<Results, E2, R2>
  readonly end: End
  readonly folder: string
  readonly found: OutputFolder.Status | undefined
  readonly from: Loaded["from"]
  readonly name: string
  readonly phases: Phases.Phases
  readonly point: Location
  readonly prepared: Program.Prepared<E, R>
}) {
  const { args, commandLine, end, evaluate, folder, found, from, name, phases, point, prepared } = options
  const path = yield* Path.Path
  const written = found?.wrote ?? []
  const record = (
    status: OutputFolder.Status["status"],
    step: number,
    metrics: OutputFolder.Status["metrics"] = {},
    wrote = written
  ) =>
    OutputFolder.write(folder, {
      program: name,
      ...("task" in from ? from : { file: path.relative(path.resolve(folder), from.file) }),
      status,
      files: Object.fromEntries(Object.entries(commandLine.files).map(([split, file]) => [split, path.resolve(file)])),
      args: RunIdentity.of(args),
      step,
      metrics,
      wrote
    })
  yield* record("running", point.step)

  // a checkpoint of another folder is in this one only once it is saved here
  let interruption: Pick<Interruption, "safe" | "step"> = { step: point.otherFolder === undefined ? point.step : 0, safe: true }
  let result: Trainer.TrainResult | undefined
  const runOptions: Options = {
    from: point.from,
    onInterrupt: (at) =>
      Effect.sync(() => {
        interruption = at
      }),
    onEnd: (ended) =>
      Effect.sync(() => {
        result = ended
      })
  }
  const running = Program.train(prepared, runOptions).pipe(
    Effect.provide(RunLayers.fromArguments(args, { device: commandLine.device }))
  )
  const finish = Effect.fnUntraced(function* (result: Trainer.TrainResult) {
    const { state, weights } = result
    const metrics = state.evaluations?.last.metrics ?? {}
    const beside = prepared.options.files ?? {}
    yield* OutputFolder.saveModel(folder, prepared.task.model, weights, beside)
    const trained = yield* Phases.trained(folder, prepared, result)
    yield* record("finished", state.step, metrics, [...new Set([...written, ...Object.keys(beside)])])
    process.exitCode = ExitCode.done
    const figures = yield* OutputFolder.hasFigures(folder)
    yield* Print.log(TrainText.finished({ name, folder, step: state.step, metrics, figures }))
    return trained
  })
  const interrupted = Effect.gen(function* () {
    process.exitCode = interruption.safe ? ExitCode.interruptedSaved : ExitCode.failed
    yield* Effect.ignore(record("interrupted", interruption.step))
    yield* Print.log(TrainText.interrupted(folder, interruption, args))
    yield* end("interrupted", interruption.step, {})
  })
  const interruptedAfter = Effect.fnUntraced(function* (step: number, trained: Results) {
    process.exitCode = ExitCode.interruptedSaved
    yield* Print.log(TrainText.interruptedAfter(folder, phases))
    yield* end("interrupted", step, trained)
  })
  // The end of a run is recorded whatever signal arrives; the phases after it can be interrupted again.
  return yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const exit = yield* Effect.exit(restore(running))
      const whole = result !== undefined && Exit.hasInterrupts(exit) ? Exit.succeed(result) : exit
      if (Exit.hasInterrupts(whole)) yield* interrupted
      const ended = yield* whole
      const { state, weights } = ended
      const trained = yield* finish(ended)
      if (!phases.evaluate && !phases.predict) return yield* end("finished", state.step, trained)
      const rest = yield* restore(evaluate(weights, state.epoch)).pipe(
        Effect.onInterrupt(() => interruptedAfter(state.step, trained))
      )
      return yield* end("finished", state.step, { ...trained, ...rest })
    })
  ).pipe(
    Effect.tapErrorTag("DataError", () =>
      Effect.sync(() => {
        process.exitCode = ExitCode.failed
      })
    )
  )
})

/** The weights that a model starts with. */
const initialWeights = <E, R>({ task }: Program.Prepared<E, R>, seed: number): HostWeights => {
  const { buffers, init } = task.model
  const key = Key.make(seed)
  return { parameters: init(key), buffers: buffers?.(key) ?? {}, slots: {} }
}

/** Tries whether a run can start, without its folder. */
const dryRun = <E, R>({ optimizer, plan, task }: Program.Prepared<E, R>, { from }: Location, device: Devices.Name) =>
  Effect.scoped(Trainer.start(task, plan, { from })).pipe(
    Effect.provide([Devices.named(device), Optimizer.layer(optimizer), MemoryStore.layer, NoLogger.layer])
  )
