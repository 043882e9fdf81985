/** `regimen predict`: what a task's model makes of a file, without a run. */
import { Console, Effect } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Results from "../Format/Results.ts"
import * as Devices from "../Layer/Device/Devices.ts"
import * as Program from "../Program/Program.ts"
import * as Tasks from "../Task/Tasks.ts"
import * as Key from "../Tensor/Key.ts"
import type { DataFiles } from "./DataFiles.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Phases from "./Phases.ts"
import { NoPrediction, OneOfBoth, type TaskOptions } from "./TaskFlags.ts"

export interface Given {
  readonly overrides: Arguments.Input
  readonly files: DataFiles
  readonly device: Devices.Name
  readonly json: boolean
}

/**
 * Predicts the test file: into the output folder where one is named, and otherwise the predictions go to standard output and the metrics to standard error;
 * both are one object of JSON where that is asked for.
 */
export const predict = Effect.fnUntraced(function* (task: TaskOptions | undefined, { device, files, json, overrides }: Given) {
  if (task === undefined) return yield* new OneOfBoth({ given: "neither" })
  if (!Tasks.predicts(task.name)) return yield* new NoPrediction({ task: task.name })
  if (files.test === undefined) return yield* new Tasks.NoTaskData({ reason: "There is nothing to predict: pass --test_file." })
  const args = yield* Effect.fromResult(Arguments.make(overrides))
  if (overrides.outputDir !== undefined) yield* Phases.write(args.outputDir, {}) // before the work, not after it
  const program = yield* Tasks.make({
    task: task.name,
    settings: task.settings,
    files: { test: files.test },
    trains: false,
    seed: args.seed
  })
  const prepared = yield* Program.prepare(program, overrides)
  const loader = (yield* prepared.test)!
  yield* Effect.fromResult(Phases.check({ train: false, evaluate: false, predict: true }, prepared, loader))
  const { init, buffers } = prepared.task.model
  const key = Key.make(args.seed)
  const weights = { parameters: init(key), buffers: buffers?.(key) ?? {}, slots: {} }
  if (overrides.outputDir !== undefined && !json) {
    yield* Phases.predicted(args.outputDir, prepared, weights, loader).pipe(Effect.provide(Devices.named(device)))
    return ExitCode.done
  }
  const {
    clock,
    files: written,
    metrics
  } = yield* Phases.predictions(prepared, weights, loader).pipe(Effect.provide(Devices.named(device)))
  if (overrides.outputDir !== undefined) yield* Phases.write(args.outputDir, written)
  if (json) {
    yield* Console.log(JSON.stringify({ task: task.name, metrics: { ...metrics, ...clock }, files: written }))
    return ExitCode.done
  }
  yield* Console.log((Object.values(written)[0] ?? "").trimEnd())
  yield* Console.error(Results.render("predict", { ...metrics, ...clock }).trimEnd())
  return ExitCode.done
}, Effect.scoped)
