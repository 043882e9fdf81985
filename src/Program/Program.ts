/** A program is a run with a name and arguments: what `regimen train` runs, and what flags can change. */
import { Effect, References, type Scope } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Compile from "../Arguments/Compile.ts"
import type { DataError, Dataset } from "../Data/Dataset.ts"
import { byExtension } from "../Data/File/UntypedFiles.ts"
import { defined } from "../Defined.ts"
import type * as Callback from "../Driver/Callback.ts"
import * as CallbackSet from "../Driver/CallbackSet.ts"
import * as Trainer from "../Driver/Driver.ts"
import type { RunError } from "../Driver/Errors.ts"
import * as MemoryReport from "../Driver/MemoryReport.ts"
import type * as Observer from "../Driver/Observer.ts"
import * as PlanChecks from "../Driver/PlanChecks.ts"
import { startOf } from "../Driver/Run.ts"
import { merge, type Options, type Services } from "../Driver/RunOptions.ts"
import * as CollectOptions from "../Evaluation/CollectOptions.ts"
import * as Optimizer from "../Layer/Optimizer.ts"
import { type Model, trainableOf } from "../Model/Model.ts"
import * as Neftune from "../Model/Neftune.ts"
import * as LabelSmoothing from "../Step/LabelSmoothing.ts"
import { perToken } from "../Step/Reduction.ts"
import * as BatchFinder from "./BatchFinder.ts"
import * as ComputeLoss from "./ComputeLoss.ts"
import * as DataLoaders from "./DataLoaders.ts"
import { readIteratorsOnce } from "./DataSource.ts"
import type { Definition, Parts, Prepared, Program, ProgramError, Split } from "./ProgramTypes.ts"
import * as TrainerStateKeys from "./TrainerStateKeys.ts"

export type { LoaderOptions, Source, Sources, Workers } from "./DataLoaders.ts"

export type { Definition, Parts, PredictionWriter, Prepared, Program, ProgramError, Split } from "./ProgramTypes.ts"

/**
 * Makes a program from a model and its data.
 *
 * `args` are TrainingArguments in camelCase; the rest is code: its options have the names of the Trainer's. Beyond those,
 * `plan` changes the plan that the arguments compile to (a schedule of your own), `observe` is an observer, and `workers` name the module from which
 * `dataloader_num_workers` threads read the training data.
 *
 * **Errors**: none here; running it finds wrong arguments, data and models before step 0.
 */
export const make = <A, E = never, R = never, C extends Callback.Any = never>(
  program: Callback.Accepting<Definition<A, E, R>, C>
): Program<E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>> =>
  fromDefinition(readIteratorsOnce(program as Definition<A, E | Callback.ErrorsOf<C>, R | Callback.ServicesOf<C>>))

const fromDefinition = <A, E, R>(program: Definition<A, E, R>): Program<E, R> => ({
  _tag: "Program",
  name: program.name,
  args: program.args ?? {},
  prepare: Effect.fnUntraced(function* (args): Effect.fn.Return<Prepared<E, R>, ProgramError | E, R | Scope.Scope> {
    const evaluates = Object.keys(DataLoaders.sets(program.evalDataset)).length > 0
    yield* Effect.fromResult(Compile.checkEvaluation(args, { evaluates }))
    const { evaluation, train, unusedColumns } = yield* withLogLevel(args)(DataLoaders.make(program, args))
    const callbacks = program.callbacks ?? []
    const earlyStopping = program.earlyStopping ?? callbacks.find((callback) => callback.earlyStopping)?.earlyStopping
    const sizes: Compile.Sizes = {
      batchesPerEpoch: train.batchesPerEpoch,
      sets: Object.keys(evaluation),
      ...defined({ earlyStopping })
    }
    const compiled = yield* Effect.fromResult(Compile.checked(args, sizes))
    const [optimizer = null, learningRate = null] = program.optimizers ?? []
    const scheduled = learningRate === null ? compiled : { ...compiled, learningRate }
    const planned = program.plan === undefined ? scheduled : program.plan(scheduled, args)
    const plan = yield* Effect.fromResult(PlanChecks.check(planned))
    return {
      args,
      task: { ...(yield* taskConfig(args, program)), train, evaluation },
      plan,
      optimizer: optimizer ?? Compile.optimizer(args),
      unusedColumns,
      ...defined({ report: program.report }),
      options: {
        ignoreDataSkip: args.ignoreDataSkip,
        ...(args.includeNumInputTokensSeen === "no" ? {} : { inputTokens: args.includeNumInputTokensSeen }),
        tokensPerSecond: args.includeTokensPerSecond,
        ...(args.skipMemoryMetrics ? {} : { memory: yield* MemoryReport.live }),
        saveOnlyModel: args.saveOnlyModel,
        traceNonFinite: args.debug.includes("underflow_overflow"),
        nonFinite: args.loggingNanInfFilter ? "filter" : "continue",
        config: Arguments.changed(args),
        trainerState: TrainerStateKeys.make(args, sizes, plan, CallbackSet.toHuggingFace),
        callbacks,
        args,
        openRows: yield* DataLoaders.openRows<A, E, R>(program, args),
        ...defined({ tokenizer: program.tokenizer }),
        files: filesOf(program),
        ...defined({ observe: program.observe })
      },
      test:
        program.testDataset === undefined
          ? Effect.undefined
          : withLogLevel(args)(
              Effect.map(
                DataLoaders.forEvaluation(
                  { ...program, evalDataset: program.testDataset },
                  { ...args, dataloaderDropLast: false },
                  "test"
                ),
                ({ evaluation: { test } }) => test
              )
            ),
      again: fromDefinition(program).prepare
    }
  }),
  reading: (files) => {
    const open = (split: Split): DataLoaders.Source<A, E | DataError, R | Scope.Scope> | undefined => {
      const file = files[split]
      if (file === undefined) return undefined
      return program.read?.(file, split) ?? (byExtension(file) as Effect.Effect<Dataset<A>, DataError, Scope.Scope>)
    }
    const [train, validation, test] = [open("train"), open("validation"), open("test")]
    const data = {
      ...defined({ trainDataset: train, evalDataset: validation, testDataset: test })
    }
    return fromDefinition<A, E | DataError, R | Scope.Scope>({
      ...(program as Definition<A, E | DataError, R | Scope.Scope>),
      ...data
    })
  }
})

/** What is saved beside the weights: the model's files and the tokenizer's. */
export const filesOf = ({ model, tokenizer }: Pick<Parts<never>, "model" | "tokenizer">): Readonly<Record<string, string>> => ({
  ...model.files,
  ...tokenizer?.files
})

/** Makes of arguments and parts what a task is without its data. */
export const taskConfig = Effect.fnUntraced(function* <A, E, R>(
  args: Arguments.Arguments,
  parts: Parts<A, E, R>
): Effect.fn.Return<Trainer.TaskConfig, never, R> {
  return Trainer.taskConfig({
    model: changed(args, parts),
    metrics: args.predictionLossOnly ? [] : (parts.metrics ?? []),
    collect: yield* CollectOptions.make(args, parts),
    reduction: parts.reduction ?? perToken,
    maxGradNorm: args.maxGradNorm,
    trainable: trainableOf(parts.model, parts.trainable),
    seed: args.seed
  })
})

/** Puts around a model what the arguments ask for, and the user's loss around a smoothed one: it is given that, and what it makes counts. */
const changed = <A, E, R>(
  { labelSmoothingFactor: factor, neftuneNoiseAlpha: alpha }: Arguments.Arguments,
  { computeLoss, model }: Parts<A, E, R>
): Model => {
  const smooth = factor > 0 ? LabelSmoothing.around(model, { factor }) : model
  const own = computeLoss === undefined ? smooth : ComputeLoss.around(computeLoss, smooth)
  return alpha === null || alpha === 0 ? own : Neftune.around(own, alpha)
}

/** Checks a program's arguments, with `overrides` in their place, opens its data and makes its plan. */
export const prepare = Effect.fnUntraced(function* <E, R>(
  program: Program<E, R>,
  overrides: Arguments.Input = {}
): Effect.fn.Return<Prepared<E, R>, ProgramError | E, R | Scope.Scope> {
  return yield* prepareChecked(program, yield* Effect.fromResult(Arguments.make({ ...program.args, ...overrides })))
})

/** Opens a program's data and makes its plan, with all of its arguments, which were read. **Errors**: also `NotSupported`. */
export const prepareChecked = Effect.fnUntraced(function* <E, R>(
  program: Program<E, R>,
  args: Arguments.Arguments
): Effect.fn.Return<Prepared<E, R>, ProgramError | E, R | Scope.Scope> {
  yield* Effect.fromResult(Arguments.supported(args))
  yield* Effect.forEach(Arguments.warnings(args), (warning) => Effect.logWarning(warning))
  const prepared = yield* program.prepare(args)
  yield* withLogLevel(args)(DataLoaders.logUnused(prepared.unusedColumns))
  return prepared
})

/**
 * Runs what was prepared, to its end. An observer among the options is asked beside the program's own. With `auto_find_batch_size` it prepares again what
 * does not fit into the device's memory.
 */
export const train = <E, R, E2 = never, R2 = never>(
  prepared: Prepared<E, R>,
  options: Options<E2, R2> = {}
): Effect.Effect<Trainer.TrainResult, RunError | ProgramError | E | E2, Exclude<Services | R | R2, Optimizer.Optimizer> | R> => {
  type Outcome = Effect.Effect<
    Trainer.TrainResult,
    RunError | ProgramError | E | E2,
    Exclude<Services | R | R2, Optimizer.Optimizer> | R
  >
  const { args } = prepared
  const all = merge(prepared.options, options)
  if (!args.autoFindBatchSize) return withLogLevel(args)(once(prepared, all))
  const attempt = (tried: DataLoaders.Args, observe: Observer.Observer): Outcome => {
    const more = { observe, config: { ...all.config, ...BatchFinder.recorded(tried) } }
    if (tried === args) return once(prepared, merge(all, more))
    return Effect.scoped(Effect.flatMap(prepared.again(tried), (next) => once(next, merge(merge(next.options, options), more))))
  }
  return withLogLevel(args)(BatchFinder.find(args, startOf(all.from).from, attempt))
}

const once = <E, R, E2, R2>({ optimizer, plan, task }: Prepared<E, R>, options: Options<E2, R2>) =>
  Trainer.train(task, plan, options).pipe(Effect.provide(Optimizer.layer(optimizer)))

/** Sets the minimum log level that `log_level` asks for. */
export const withLogLevel = (args: Arguments.Arguments) => {
  const level = Arguments.getProcessLogLevel(args)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    level === undefined ? effect : Effect.provideService(effect, References.MinimumLogLevel, level)
}

/** Runs a program to its end; `overrides` win over its own arguments. The optimizer is the program's; the other services are to be provided. */
export const run = Effect.fn("Program.run")(function* <E, R, E2 = never, R2 = never>(
  program: Program<E, R>,
  overrides: Arguments.Input = {},
  options: Options<E2, R2> = {}
): Effect.fn.Return<Trainer.TrainResult, RunError | ProgramError | E | E2, Exclude<Services | R | R2, Optimizer.Optimizer> | R> {
  return yield* Effect.scoped(Effect.flatMap(prepare(program, overrides), (prepared) => train(prepared, options)))
})
