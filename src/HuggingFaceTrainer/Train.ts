/** The Trainer's `train`. */
import { Effect, Ref, Result } from "effect"
import { NotSupported } from "../Arguments/Arguments.ts"
import { defined } from "../Defined.ts"
import { InvalidTask } from "../Driver/Errors.ts"
import * as OptionNames from "../Driver/OptionNames.ts"
import * as ResumeFrom from "../Driver/ResumeFrom.ts"
import type { Interruption } from "../Driver/Run.ts"
import type { Opened } from "../Driver/RunOptions.ts"
import { Logger, type Scalars } from "../Layer/Logger/Logger.ts"
import * as DataLoaders from "../Program/DataLoaders.ts"
import * as Program from "../Program/Program.ts"
import type { EventOf } from "../Schedule/Event.ts"
import { fresh, joined, logUnused, type TrainerContext } from "./TrainerContext.ts"

export interface TrainOptions {
  /** True for the newest checkpoint of the output folder, or the path of a checkpoint; a new run by default. */
  readonly resumeFromCheckpoint?: boolean | string
  /** Outputs that the evaluations of this training leave out of their predictions. */
  readonly ignoreKeysForEval?: ReadonlyArray<string>
}

export interface TrainOutput {
  readonly globalStep: number
  /** The mean over all updates. **Unit**: nats. */
  readonly trainingLoss: number
  /** `train_runtime` (s), `train_samples_per_second`, `train_steps_per_second`, `total_flos`, `train_loss`, `epoch`. */
  readonly metrics: Readonly<Record<string, number>>
}

/** Trains to the end, and keeps the resulting weights, state and history. */
export const train = Effect.fnUntraced(function* <A, E, R>(
  context: TrainerContext<A, E, R>,
  asked: TrainOptions | boolean | string = {}
) {
  const given: TrainOptions = typeof asked === "object" ? asked : { resumeFromCheckpoint: asked }
  const { args, ref, options } = context
  yield* Effect.fromResult(check(given))
  const { trainDataset } = options
  if (trainDataset === undefined) return yield* noData("train")
  const { resumeFromCheckpoint = false } = given
  const { from } = yield* ResumeFrom.fromArgument(resumeFromCheckpoint, {
    outputFolder: args.outputDir,
    entries: ResumeFrom.entries
  })
  const model = options.modelInit === undefined ? context.model : options.modelInit()
  const weights = options.modelInit === undefined ? (yield* Ref.get(ref)).weights : yield* fresh(args, model)
  const program = Program.make({
    ...(yield* context.parts),
    model,
    trainDataset,
    ...defined({ evalDataset: options.evalDataset })
  })
  const { callbacks } = yield* Ref.get(ref)
  const onStart = (running: Opened) => Ref.update(ref, (held) => ({ ...held, running }))
  const onSave = ({ state }: EventOf<"Saved">) =>
    Effect.as(
      Ref.update(ref, (held) => ({ ...held, saved: state })),
      []
    )
  const training = Effect.gen(function* () {
    const prepared = yield* program.prepare(args)
    yield* Ref.update(ref, (held) => ({ ...held, described: prepared.options.trainerState }))
    yield* logUnused(context, prepared.unusedColumns)
    const { collect } = prepared.task
    const remembered = defined({ memory: context.memory })
    const ignoring = given.ignoreKeysForEval === undefined ? {} : { collect: { ...collect, ignoreKeys: given.ignoreKeysForEval } }
    const report = yield* Program.train(
      { ...prepared, task: { ...prepared.task, ...ignoring } },
      {
        from: from === "scratch" ? { weights } : from,
        onInterrupt: logInterruption,
        onStart,
        observe: { Saved: onSave },
        ...remembered
      }
    )
    yield* Ref.update(ref, (held) => ({
      ...held,
      weights: report.weights,
      state: report.state,
      history: joined(report.history, held.loggedByCallbacks),
      trained: true
    }))
    return outputOf(report.state.step, report.history.at(-1)!)
  })
  const within = (inTrain: boolean) =>
    Ref.update(ref, (held) => ({ ...held, inTrain, running: undefined, loggedByCallbacks: [] }))
  return yield* Effect.scoped(training).pipe(
    callbacks.some(({ name }) => name === "ProgressCallback") ? (effect) => effect : quietly,
    Effect.andThen((output) => Effect.succeed(output)),
    (effect) =>
      Effect.acquireUseRelease(
        within(true),
        () => effect,
        () => within(false)
      )
  )
})

/** Logs where a run ended before its end (an interruption, an error), and how to resume it. */
const logInterruption = ({ safe, say, step }: Interruption) =>
  step === 0
    ? Effect.void
    : say(
        `Training ended early, after step ${step}: ${safe ? "its state is saved, and resumeFromCheckpoint: true resumes from it" : "its state could not be saved"}.`
      )

/** Opens the training data as `train` does. */
export const getTrainDataloader = Effect.fnUntraced(function* <A, E, R>(context: TrainerContext<A, E, R>) {
  const { trainDataset } = context.options
  if (trainDataset === undefined) return yield* noData("get_train_dataloader")
  const opened = yield* Program.withLogLevel(context.args)(
    DataLoaders.make({ ...(yield* context.parts), trainDataset }, context.args)
  )
  yield* logUnused(context, opened.unusedColumns)
  return opened.train
})

const noData = (method: string) => new InvalidTask({ reason: `${method} needs a trainDataset, and the Trainer has none.` })

/** Checks that there are such options; a trial belongs to a search for hyperparameters, which does not exist. */
const check = (given: object): Result.Result<void, InvalidTask | NotSupported> => {
  if (!Object.hasOwn(given, "trial")) return OptionNames.check("train", given, ["resumeFromCheckpoint", "ignoreKeysForEval"])
  const missing = "the search of hyperparameters"
  return Result.fail(new NotSupported({ argument: "trial", value: "a trial", missing, instead: "Leave it out." }))
}

/** Loggers show no progress. */
const quietly = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Logger> =>
  Effect.updateService(effect, Logger, ({ progress: _, ...logger }) => logger)

/** Makes the result from the summary that ends a run. */
const outputOf = (globalStep: number, { clock, epoch, values }: Scalars): TrainOutput => ({
  globalStep,
  trainingLoss: values.train_loss ?? Number.NaN,
  metrics: { ...clock, ...values, epoch }
})
