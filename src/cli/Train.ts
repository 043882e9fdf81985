/** `regimen train` and `regimen resume`: load a program or a task with its arguments, and run it. */
import { Effect, Option, Path } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Tasks from "../Task/Tasks.ts"
import { load } from "./LoadProgram.ts"
import * as OutputFolder from "./OutputFolder.ts"
import * as Phases from "./Phases.ts"
import * as ResumeFolder from "./ResumeFolder.ts"
import * as TaskFlags from "./TaskFlags.ts"
import { type CommandLine, launch } from "./TrainExecution.ts"

export type { CommandLine } from "./TrainExecution.ts"

/** Runs the program of a file, and returns the exit code. */
export const train = Effect.fnUntraced(function* (file: string, commandLine: CommandLine) {
  const { program, name, file: absolute, overrides: specified } = yield* load(file)
  const files = { ...specified.files, ...commandLine.files }
  const input = { ...program.args, ...specified.args, ...commandLine.overrides }
  return yield* launch({
    args: yield* Effect.fromResult(Arguments.make(input)),
    program: Object.keys(files).length === 0 ? program : program.reading(files),
    name,
    from: { file: absolute },
    commandLine: { ...commandLine, files }
  })
})

/** Runs a task on the given files, and returns the exit code. */
export const trainTask = Effect.fnUntraced(function* (task: TaskFlags.TaskOptions, commandLine: CommandLine) {
  const args = yield* Effect.fromResult(Arguments.make(commandLine.overrides))
  const { evaluate, predict, train: trains } = Phases.of(args)
  if (predict && !Tasks.predicts(task.name)) return yield* new TaskFlags.NoPrediction({ task: task.name })
  const files = {
    ...commandLine.files,
    ...(evaluate || args.evalStrategy !== "no" ? {} : { validation: undefined }),
    ...(predict ? {} : { test: undefined })
  }
  const trained = trains ? undefined : yield* trainedModel(task, args)
  const settings = { ...task.settings, ...trained }
  const program = yield* Tasks.make({ task: task.name, settings, files, trains, seed: args.seed })
  const withOwn = { ...program.args, ...commandLine.overrides } // a masked model's collator needs all columns
  return yield* launch({
    args: yield* Effect.fromResult(Arguments.make(withOwn)),
    program,
    name: task.name,
    from: { task: yield* TaskFlags.placed(task) },
    commandLine
  })
})

/** The model of the task's run in the output folder: its weights are evaluated, so its labels are the ones to use. */
const trainedModel = Effect.fnUntraced(function* ({ name }: TaskFlags.TaskOptions, args: Arguments.Arguments) {
  const folder = args.outputDir
  const found = yield* OutputFolder.read(folder)
  if (Option.isNone(found) || found.value.task?.name !== name) return
  const modelNameOrPath = yield* ResumeFolder.model(yield* ResumeFolder.find(args, folder), folder)
  return modelNameOrPath === undefined ? undefined : { modelNameOrPath, configName: null, tokenizerName: null }
})

/** Resumes the run of a folder, with the program and arguments that it was started with; flags override them. */
export const resume = Effect.fnUntraced(function* (folder: string, commandLine: CommandLine) {
  const path = yield* Path.Path
  const found = yield* OutputFolder.read(folder)
  if (Option.isNone(found)) {
    return yield* new OutputFolder.FolderError({
      path: folder,
      reason: "it has no run. Start one with `regimen train <file>`."
    })
  }
  if (commandLine.overrides.outputDir !== undefined && path.resolve(commandLine.overrides.outputDir) !== path.resolve(folder)) {
    return yield* new OutputFolder.FolderError({
      path: commandLine.overrides.outputDir,
      reason: `\`regimen resume ${folder}\` resumes in that folder. Remove --output_dir, or train into another folder with --resume_from_checkpoint.`
    })
  }
  const { input } = yield* Effect.fromResult(Arguments.fromJson(found.value.args))
  const { doTrain, doEval, doPredict, ...recorded } = input
  const phases = [commandLine.overrides.doTrain, commandLine.overrides.doEval, commandLine.overrides.doPredict]
  const given = phases.some((phase) => phase !== undefined)
  const overrides = { ...recorded, ...(given ? {} : { doTrain, doEval, doPredict }), ...commandLine.overrides, outputDir: folder }
  const { file, files, task } = found.value
  const more = { ...commandLine, overrides, files: { ...files, ...commandLine.files } }
  return yield* task === undefined ? train(path.resolve(folder, file ?? ""), more) : trainTask(task, more)
})
