/** What a program is asked to do, `--do_train`, `--do_eval`, `--do_predict`, and what each leaves: results as transformers' example scripts write them. */
import { Console, Effect, Path, Result } from "effect"
import { type Arguments, ContradictoryArguments } from "../Arguments/Arguments.ts"
import * as DurableFiles from "../Checkpoint/DurableFiles.ts"
import * as ResultFiles from "../Checkpoint/ResultFiles.ts"
import * as TrainerStateJson from "../Checkpoint/TrainerStateJson.ts"
import type { Loader } from "../Data/Loader.ts"
import { defined } from "../Defined.ts"
import * as EvalPrediction from "../Evaluation/EvalPrediction.ts"
import * as Evaluation from "../Evaluation/Evaluation.ts"
import * as Results from "../Format/Results.ts"
import type { TrainResult as TrainReport } from "../HuggingFaceTrainer/Trainer.ts"
import { Device } from "../Layer/Device/Device.ts"
import * as UserFunction from "../Model/UserFunction.ts"
import type { PredictionWriter, Prepared } from "../Program/Program.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import * as OutputFolder from "./OutputFolder.ts"

export interface Phases {
  readonly train: boolean
  readonly evaluate: boolean
  readonly predict: boolean
}

/** What is asked for: training, where nothing is. */
export const of = ({ doEval, doPredict, doTrain }: Arguments): Phases => ({
  train: doTrain || !(doEval || doPredict),
  evaluate: doEval,
  predict: doPredict
})

/** Checks that there is what each phase needs. **Errors**: fails with `ContradictoryArguments`. */
export const check = (
  { evaluate, predict }: Phases,
  { args, report, task }: Pick<Prepared<unknown, unknown>, "args" | "report" | "task">,
  test: Loader | undefined
): Result.Result<void, ContradictoryArguments> => {
  if (evaluate && Object.keys(task.evaluation).length === 0)
    return refuse(
      "do_eval",
      "do_eval is set, but there is no evaluation data. Give the program an evalDataset, or pass --validation_file."
    )
  if (predict && test === undefined)
    return refuse(
      "do_predict",
      "do_predict is set, but there is no test data. Give the program a testDataset, or pass --test_file."
    )
  if ((evaluate || predict) && args.predictionLossOnly && report !== undefined)
    return refuse(
      "prediction_loss_only",
      "prediction_loss_only is set, but what is written of an evaluation and a prediction is made of the model's outputs. Leave it out, or leave out --do_eval and --do_predict."
    )
  return Result.succeed(undefined)
}

const refuse = (name: string, reason: string) => Result.fail(new ContradictoryArguments({ names: [name], reason }))

/** Saves and shows what a training came to; the state it ended in is `trainer_state.json`. */
export const trained = Effect.fnUntraced(function* <E, R>(
  folder: string,
  { options, task }: Prepared<E, R>,
  { history, state }: TrainReport
) {
  const { clock, epoch, values } = history.at(-1)!
  const known = defined({ trainerState: options.trainerState?.(state) })
  yield* write(folder, { "trainer_state.json": TrainerStateJson.trainerState({ state, history, ...known }, folder) })
  return yield* keep(folder, "train", { epoch, ...values, ...clock, train_samples: task.train.size })
})

/** Evaluates every set, saves and shows the metrics. What a program reports of one set is written as well. */
export const evaluated = Effect.fnUntraced(function* <E, R>(
  folder: string,
  { report, task }: Prepared<E, R>,
  weights: HostWeights,
  epoch: number
) {
  let metrics: Readonly<Record<string, number>> = { epoch }
  let samples = 0
  for (const [set, loader] of Object.entries(task.evaluation)) {
    const found = yield* onDevice(weights, (weights) =>
      report === undefined || set !== "eval"
        ? Evaluation.evaluate({ ...task, weights, loader, set })
        : Effect.flatMap(measured({ ...task, weights, loader, set }, report, "validation"), ({ files, ...found }) =>
            Effect.as(write(folder, files), found)
          )
    )
    metrics = { ...metrics, ...found.metrics, ...found.clock }
    samples += loader.size
  }
  return yield* keep(folder, "eval", { ...metrics, ...(Number.isFinite(samples) ? { eval_samples: samples } : {}) })
})

/** Predicts the test set, saves and shows the metrics, where there are labels. */
export const predicted = Effect.fnUntraced(function* <E, R>(
  folder: string,
  prepared: Prepared<E, R>,
  weights: HostWeights,
  loader: Loader
) {
  const { clock, files, metrics } = yield* predictions(prepared, weights, loader)
  yield* write(folder, files)
  return yield* keep(folder, "predict", {
    ...metrics,
    ...clock,
    ...(Number.isFinite(loader.size) ? { predict_samples: loader.size } : {})
  })
})

/** Predicts the test set: what the program reports, or a line of JSON for each row in `predictions.jsonl`. */
export const predictions = <E, R>({ report, task }: Prepared<E, R>, weights: HostWeights, loader: Loader) =>
  onDevice(weights, (weights) => measured({ ...task, weights, loader, set: "predict" }, report ?? plain, "test"))

/** Predicts a set, with what a report makes of it. */
const measured = Effect.fnUntraced(function* (
  options: Evaluation.Options & { readonly set: string },
  report: PredictionWriter,
  split: "validation" | "test"
) {
  const { computeMetrics: _, ...collect } = options.collect ?? {}
  const { clock, metrics, ...found } = yield* Evaluation.predictAll(
    report === plain ? options : { ...options, collect: { ...collect, evalDoConcatBatches: true } }
  )
  const { files, metrics: more } = yield* Effect.fromResult(
    UserFunction.toResult(() => UserFunction.call("report", () => report(found, split)))
  )
  const named = Object.fromEntries(Object.entries(more).map(([name, value]) => [`${options.set}_${name}`, value]))
  return { clock, files, metrics: { ...metrics, ...named } }
})

/** The outputs as they are. */
const plain: PredictionWriter = ({ predictions }) => ({
  files: { "predictions.jsonl": (predictions === undefined ? [] : linesOf(predictions)).map((line) => `${line}\n`).join("") },
  metrics: {}
})

/** Writes files, each whole or not at all, and notes them where the folder is a run's. */
export const write = Effect.fnUntraced(function* (folder: string, files: Readonly<Record<string, string>>) {
  yield* Effect.mapError(
    Effect.gen(function* () {
      yield* DurableFiles.ensure((yield* Path.Path).resolve(folder))
      for (const [name, text] of Object.entries(files)) yield* DurableFiles.replace(folder, name, text)
    }),
    (error) => new OutputFolder.FolderError({ path: folder, reason: DurableFiles.advice(error) })
  )
  yield* OutputFolder.wrote(folder, Object.keys(files))
})

/** Each row's outputs: one alone as an array, several by name. */
const linesOf = (gathered: EvalPrediction.Gathered): ReadonlyArray<string> =>
  EvalPrediction.batches(gathered).flatMap((batch) => {
    const tensors = EvalPrediction.isTensor(batch) ? { only: batch } : batch
    const rows = Object.values(tensors)[0]?.shape[0] ?? 0
    return Array.from({ length: rows }, (_, row) => {
      const parts = Object.entries(tensors).map(([name, { data, shape }]) => {
        const size = data.length / (shape[0] ?? 1)
        const values = Array.from(data.subarray(row * size, (row + 1) * size))
        return [name, shape.length === 1 ? values[0] : values] as const
      })
      return JSON.stringify(EvalPrediction.isTensor(batch) ? parts[0]![1] : Object.fromEntries(parts))
    })
  })

const keep = (folder: string, split: string, metrics: Results.Results) =>
  ResultFiles.save(folder, split, metrics).pipe(
    Effect.andThen(Console.log(Results.render(split, metrics).trimEnd())),
    Effect.as(metrics)
  )

const onDevice = <A, E, R>(weights: HostWeights, use: (weights: Evaluation.Options["weights"]) => Effect.Effect<A, E, R>) =>
  Effect.scoped(
    Effect.gen(function* () {
      const device = yield* Device
      const parameters = yield* Effect.acquireRelease(device.put(weights.parameters), device.dispose)
      const buffers = yield* Effect.acquireRelease(device.put(weights.buffers), device.dispose)
      return yield* use({ parameters, buffers })
    })
  )
