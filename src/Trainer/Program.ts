/** A program is a run with a name and arguments: what `regimen train` runs, and what flags can change. */
import { Effect, References, type Scope } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import * as Compile from "../Arguments/Compile.ts"
import * as Collator from "../Data/Collator.ts"
import type { DataError, Dataset } from "../Data/Dataset.ts"
import * as Loader from "../Data/Loader.ts"
import * as Sampler from "../Data/Sampler.ts"
import * as Optimizer from "../Layer/Optimizer.ts"
import type { Metric } from "../Metrics/Metric.ts"
import type { Model } from "../Model/Model.ts"
import type { Transformation } from "../Optimizer/Transformation.ts"
import type { Plan } from "../Schedule/Plan.ts"
import * as LabelSmoothing from "../Step/LabelSmoothing.ts"
import { perToken, type Reduction } from "../Step/Reduction.ts"
import type { RunError } from "./Errors.ts"
import * as Observer from "./Observer.ts"
import type { Options, World } from "./Run.ts"
import * as StateFile from "./StateFile.ts"
import { setName } from "./Task.ts"
import * as Trainer from "./Trainer.ts"

/** Everything that a program's arguments come to. */
export interface Prepared<E = never, R = never> {
  readonly args: Arguments.Arguments
  readonly task: Trainer.Task
  readonly plan: Plan
  readonly optimizer: Transformation
  readonly options: Options<E, R>
}

/** What can be wrong with a program before it runs. */
export type ProgramError = Arguments.ArgumentsError | Loader.LoaderError | DataError

export interface Program<E = never, R = never> {
  readonly _tag: "Program"
  /** Whose output folder it is; the file's name when it is not given. */
  readonly name: string | undefined
  readonly args: Arguments.Input
  /** What it opens lives in the scope. */
  readonly prepare: (args: Arguments.Arguments) => Effect.Effect<Prepared<E, R>, ProgramError | E, R | Scope.Scope>
}

/** What a loader of the training data is made from: `Loader.make` takes it as it is. */
export interface LoaderOptions<A> {
  readonly dataset: Dataset<A>
  readonly collate: Collator.Collator<A>
  readonly batchSize: number
  readonly dropLast: boolean
  /** The Trainer's order: a new permutation each epoch, by `data_seed` or `seed`. */
  readonly sampler: Sampler.Sampler
}

/** A dataset, or an effect that opens one. */
type Source<A, E, R> = Dataset<A> | Effect.Effect<Dataset<A>, E, R>

/**
 * Makes a program from a model and its data.
 *
 * `args` are TrainingArguments in camelCase; the rest is code: `plan` may change the plan that the arguments come to
 * (a schedule of your own), `optimizer` replaces theirs, `collate` makes batches from rows, `loader` reads the training data another way
 * (another sampler, ahead of time, by workers), `observe` is asked at events.
 *
 * **Errors**: none here; running it finds wrong arguments, data and models before step 0.
 */
export const make = <A, E = never, R = never>(program: {
  readonly name?: string
  readonly args?: Arguments.Input
  readonly model: Model
  readonly trainDataset: Source<A, E, R>
  readonly evalDataset?: Source<A, E, R> | Readonly<Record<string, Source<A, E, R>>>
  readonly collate?: Collator.Collator<A>
  readonly loader?: (options: LoaderOptions<A>) => Effect.Effect<Loader.Loader, Loader.LoaderError | E, R | Scope.Scope>
  readonly metrics?: ReadonlyArray<Metric<unknown>>
  readonly optimizer?: (args: Arguments.Arguments) => Transformation
  readonly plan?: (plan: Plan, args: Arguments.Arguments) => Plan
  readonly reduction?: Reduction
  readonly trainable?: (path: string) => boolean
  readonly earlyStopping?: Compile.EarlyStopping
  readonly observe?: Options<E, R>["observe"]
}): Program<E, R> => ({
  _tag: "Program",
  name: program.name,
  args: program.args ?? {},
  prepare: Effect.fnUntraced(function* (args): Effect.fn.Return<Prepared<E, R>, ProgramError | E, R | Scope.Scope> {
    const collate = program.collate ?? Collator.stack()
    const sources = named(program.evalDataset)
    yield* Effect.fromResult(Compile.check(args, { evaluates: Object.keys(sources).length > 0 }))
    const dataset = yield* open(program.trainDataset)
    const train = yield* (program.loader ?? Loader.make)({
      dataset,
      collate,
      batchSize: Arguments.trainBatchSize(args),
      dropLast: args.dataloaderDropLast,
      sampler: Sampler.random({ seed: args.dataSeed ?? args.seed })
    })
    const evaluation: Record<string, Loader.Loader> = {}
    for (const [name, source] of Object.entries(sources)) {
      evaluation[name] = yield* Loader.make({
        dataset: yield* open(source),
        collate,
        batchSize: Arguments.evalBatchSize(args),
        dropLast: args.dataloaderDropLast
      })
    }
    const sizes: Compile.Sizes = {
      batchesPerEpoch: train.batchesPerEpoch,
      sets: Object.keys(evaluation),
      ...(program.earlyStopping === undefined ? {} : { earlyStopping: program.earlyStopping })
    }
    const compiled = yield* Effect.fromResult(Compile.plan(args, sizes))
    const plan = program.plan?.(compiled, args) ?? compiled
    const task = Trainer.task({
      model:
        args.labelSmoothingFactor > 0
          ? LabelSmoothing.around(program.model, { factor: args.labelSmoothingFactor })
          : program.model,
      train,
      metrics: program.metrics ?? [],
      reduction: program.reduction ?? perToken,
      maxGradNorm: args.maxGradNorm,
      trainable: program.trainable ?? (() => true),
      seed: args.seed
    })
    return {
      args,
      task: { ...task, evaluation },
      plan,
      optimizer: program.optimizer?.(args) ?? Compile.optimizer(args),
      options: {
        ignoreDataSkip: args.ignoreDataSkip,
        nonFinite: args.loggingNanInfFilter ? "filter" : "continue",
        config: Arguments.toJson(args),
        trainerState: StateFile.make(args, sizes, plan),
        ...(program.observe === undefined ? {} : { observe: program.observe })
      }
    }
  })
})

/** Checks a program's arguments, with `overrides` in their place, opens its data and makes its plan. */
export const prepare = Effect.fnUntraced(function* <E, R>(
  program: Program<E, R>,
  overrides: Arguments.Input = {}
): Effect.fn.Return<Prepared<E, R>, ProgramError | E, R | Scope.Scope> {
  const args = yield* Effect.fromResult(Arguments.make({ ...program.args, ...overrides }))
  yield* Effect.forEach(Arguments.warnings(args), (warning) => Effect.logWarning(warning))
  return yield* program.prepare(args)
})

/** Runs what was prepared, to its end. An observer among the options is asked beside the program's own. */
export const train = <E, R, E2 = never, R2 = never>(
  prepared: Prepared<E, R>,
  options: Options<E2, R2> = {}
): Effect.Effect<Trainer.Report, RunError | E | E2, Exclude<World | R | R2, Optimizer.Optimizer>> =>
  Trainer.train(prepared.task, prepared.plan, together(prepared.options, options)).pipe(
    Effect.provide(Optimizer.layer(prepared.optimizer)),
    heard(prepared.args)
  )

/** Says only what `log_level` lets through. */
const heard = (args: Arguments.Arguments) => {
  const level = Arguments.getProcessLogLevel(args)
  return <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    level === undefined ? effect : Effect.provideService(effect, References.MinimumLogLevel, level)
}

/** Runs a program to its end; `overrides` win over its own arguments. The optimizer is the program's, the rest of the world is yours. */
export const run = Effect.fn("Program.run")(function* <E, R, E2 = never, R2 = never>(
  program: Program<E, R>,
  overrides: Arguments.Input = {},
  options: Options<E2, R2> = {}
): Effect.fn.Return<Trainer.Report, RunError | ProgramError | E | E2, Exclude<World | R | R2, Optimizer.Optimizer> | R> {
  return yield* Effect.scoped(Effect.flatMap(prepare(program, overrides), (prepared) => train(prepared, options)))
})

const together = <E, R, E2, R2>(own: Options<E, R>, given: Options<E2, R2>): Options<E | E2, R | R2> => {
  const observers = [own.observe, given.observe].filter((observe) => observe !== undefined)
  return { ...own, ...given, ...(observers.length === 0 ? {} : { observe: Observer.all<E | E2, R | R2>(...observers) }) }
}

const open = <A, E, R>(source: Source<A, E, R>): Effect.Effect<Dataset<A>, E, R> =>
  Effect.isEffect(source) ? source : Effect.succeed(source)

/** One evaluation dataset is the set `eval`; several are `eval_<name>`. */
const named = <A, E, R>(
  sources: Source<A, E, R> | Readonly<Record<string, Source<A, E, R>>> | undefined
): Readonly<Record<string, Source<A, E, R>>> => {
  if (sources === undefined) return {}
  if (Effect.isEffect(sources) || isDataset(sources)) return { eval: sources }
  return Object.fromEntries(Object.entries(sources).map(([name, source]) => [setName(name), source]))
}

const isDataset = <A>(source: object): source is Dataset<A> => "rows" in source && typeof source.rows === "function"
