/** `regimen train` and `regimen resume`: run a program in its output folder, or go on where it was. */
import { Console, Effect, Exit, Option, Path } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as MemoryStore from "../Checkpoint/MemoryStore.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as NoLogger from "../Layer/Logger/None.ts"
import * as Optimizer from "../Layer/Optimizer.ts"
import * as Numbers from "../Metrics/Format/Numbers.ts"
import * as Program from "../Trainer/Program.ts"
import type { Options } from "../Trainer/Run.ts"
import * as Trainer from "../Trainer/Trainer.ts"
import * as World from "../Trainer/World.ts"
import * as ExitCode from "./ExitCode.ts"
import { load } from "./Load.ts"
import * as Origin from "./Origin.ts"
import * as RunFolder from "./RunFolder.ts"

/** What is given on the command line. */
export interface Given {
  readonly overrides: Arguments.Input
  readonly device: Devices.Name
}

/** Runs the program of a file, and gives the exit code. Interrupted, it saves, says so, and leaves the exit code with the process. */
export const train = Effect.fnUntraced(function* (file: string, given: Given) {
  const { program, name, file: absolute } = yield* load(file)
  const path = yield* Path.Path
  const args = yield* Effect.fromResult(Arguments.make({ ...program.args, ...given.overrides }))
  yield* Effect.fromResult(World.check(args, given.device))
  const folder = args.outputDir
  const found = yield* RunFolder.claim(folder, name, args.overwriteOutputDir)
  const recorded = recordOf(args)
  const asked = args.resumeFromCheckpoint
  const finished = Option.filter(found, ({ status }) => status === "finished")
  if (Option.isSome(finished) && (asked === null || asked === true) && same(finished.value.args, recorded)) {
    const { step, metrics } = finished.value
    yield* Console.log(
      `${folder} holds a finished run of ${name}: ${Numbers.thousands(step)} steps${list(metrics)}. Nothing to do.`
    )
    return ExitCode.done
  }
  if (Option.isSome(found)) yield* RunFolder.isFree(folder)
  const origin = yield* Origin.find(args, folder)
  const prepared = yield* Program.prepare(program, given.overrides)
  if (Option.isSome(finished) && origin.step >= prepared.plan.horizon.maxSteps) {
    yield* Console.log(
      `${folder} holds a finished run of ${name} with other arguments (${differing(finished.value.args, recorded)}), and no step is left. To train anew, pass --overwrite_output_dir or another --output_dir; to go on, ask for more epochs or steps.`
    )
    return ExitCode.done
  }
  // nothing of an older run goes before it is known that this one can start
  if (args.overwriteOutputDir) {
    if (!args.autoFindBatchSize) yield* rehearse(prepared, origin, given.device) // that one finds out as it goes
    yield* RunFolder.clear(folder)
  }
  if (Option.isSome(found) || origin.step > 0) yield* Console.log(Origin.describe(folder, origin))
  const note = (status: RunFolder.Status["status"], step: number, metrics: RunFolder.Status["metrics"] = {}) =>
    RunFolder.write(folder, {
      program: name,
      file: path.relative(path.resolve(folder), absolute),
      status,
      args: recorded,
      step,
      metrics
    })
  yield* note("running", origin.step)

  // a checkpoint from elsewhere is in this folder only once it is saved here
  let cut = { step: origin.elsewhere === undefined ? origin.step : 0, safe: true }
  let ended: Trainer.Report | undefined
  const options: Options = {
    from: origin.from,
    onCut: (at) =>
      Effect.sync(() => {
        cut = at
      }),
    onEnd: (report) =>
      Effect.sync(() => {
        ended = report
      })
  }
  const running = Program.train(prepared, options).pipe(Effect.provide(World.fromArguments(args, { device: given.device })))
  const finish = Effect.fnUntraced(function* ({ state, weights }: Trainer.Report) {
    const metrics = state.evaluations?.last.metrics ?? {}
    yield* RunFolder.saveModel(folder, weights)
    yield* note("finished", state.step, metrics)
    process.exitCode = ExitCode.done
    yield* Console.log(
      `Finished ${name}: ${Numbers.thousands(state.step)} steps${list(metrics)}. In ${folder}: model.safetensors, the log (log.jsonl) and the figures (figures/).`
    )
    return ExitCode.done
  })
  const tell = Effect.gen(function* () {
    process.exitCode = cut.safe ? ExitCode.interrupted : ExitCode.failed
    yield* Effect.ignore(note("interrupted", cut.step))
    yield* Console.log(interrupted(folder, cut, args))
  })
  // A run that is at its end is finished, whatever signal comes.
  return yield* Effect.uninterruptibleMask(
    Effect.fnUntraced(function* (restore) {
      const exit = yield* Effect.exit(restore(running))
      if (ended !== undefined && (Exit.isSuccess(exit) || Exit.hasInterrupts(exit))) return yield* finish(ended)
      if (Exit.hasInterrupts(exit)) yield* tell
      return yield* Effect.andThen(exit, finish)
    })
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
  const overrides = { ...input, ...given.overrides, outputDir: folder }
  return yield* train(path.resolve(folder, found.value.file), { ...given, overrides })
})

/** Finds what would keep a run from starting, away from its folder. */
const rehearse = <E, R>({ optimizer, plan, task }: Program.Prepared<E, R>, { from }: Origin.Origin, device: Devices.Name) =>
  Effect.scoped(Trainer.start(task, plan, { from })).pipe(
    Effect.provide([Devices.named(device), Optimizer.layer(optimizer), MemoryStore.layer, NoLogger.layer])
  )

/** The arguments that make a run what it is: all but where it lives and how it starts. */
const recordOf = (args: Arguments.Arguments): Readonly<Record<string, unknown>> => {
  const {
    output_dir: _,
    overwrite_output_dir: __,
    resume_from_checkpoint: ___,
    disable_tqdm: ____,
    ...rest
  } = Arguments.toJson(args)
  return rest
}

const same = (left: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>) =>
  JSON.stringify(left) === JSON.stringify(right)

/** The names of the arguments that two runs do not share. */
const differing = (left: Readonly<Record<string, unknown>>, right: Readonly<Record<string, unknown>>) =>
  Object.keys({ ...left, ...right })
    .filter((name) => JSON.stringify(left[name]) !== JSON.stringify(right[name]))
    .join(", ")

const list = (metrics: Readonly<Record<string, number>>) =>
  Object.entries(metrics)
    .map(([name, value]) => `, ${name} ${Numbers.number(value)}`)
    .join("")

const interrupted = (
  folder: string,
  { step, safe }: { readonly step: number; readonly safe: boolean },
  { overwriteOutputDir, resumeFromCheckpoint }: Arguments.Arguments
) => {
  if (!safe)
    return `Interrupted at step ${Numbers.thousands(step)}, and its state could not be saved; the last checkpoint in ${folder} stands.`
  const command = overwriteOutputDir
    ? `\`regimen resume ${folder}\` (the same command has overwrite_output_dir)`
    : resumeFromCheckpoint !== null && resumeFromCheckpoint !== true
      ? `the same command with --resume_from_checkpoint ${folder}/checkpoint-${step}`
      : "the same command"
  return step === 0
    ? "Interrupted before the first update: there was nothing to save. Run the same command to start again."
    : `Interrupted at step ${Numbers.thousands(step)} and saved in ${folder}. Run ${command} to go on.`
}
