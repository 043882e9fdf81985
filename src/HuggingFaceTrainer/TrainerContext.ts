/** What the methods of a Trainer share: its options, its arguments and a Ref with its weights, state and history. */
import { Effect, type FileSystem, type Path, Ref, Result } from "effect"
import * as Arguments from "../Arguments/Arguments.ts"
import type { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import * as Callback from "../Driver/Callback.ts"
import * as CurrentRun from "../Driver/CurrentRun.ts"
import { InvalidTask } from "../Driver/Errors.ts"
import * as MemoryReport from "../Driver/MemoryReport.ts"
import type { Opened, Options as RunOptions } from "../Driver/RunOptions.ts"
import { initialWeights } from "../Driver/TrainingWeights.ts"
import type { Device } from "../Layer/Device/Device.ts"
import type { Logger, Scalars } from "../Layer/Logger/Logger.ts"
import type { Model } from "../Model/Model.ts"
import * as DataLoaders from "../Program/DataLoaders.ts"
import { readIteratorsOnce } from "../Program/DataSource.ts"
import { type Parts, withLogLevel } from "../Program/Program.ts"
import { trainer as reduction } from "../Step/Reduction.ts"
import * as Key from "../Tensor/Key.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { Tokenizer } from "../Tokenizer/Tokenizer.ts"
import { initial, type TrainerState } from "../TrainerState.ts"
import { check, type Options } from "./Options.ts"

/** The services that a Trainer needs: those of its runs, and the file system. */
export type Services = Device | CheckpointStore | Logger | FileSystem.FileSystem | Path.Path

/** A Trainer's weights, state, history and callbacks. */
export interface TrainerStatus<E, R> {
  readonly weights: HostWeights
  /** The training that is running. */
  readonly running: Opened | undefined
  readonly state: TrainerState
  readonly history: ReadonlyArray<Scalars>
  /** What methods that callbacks called have logged in the present training. */
  readonly loggedByCallbacks: ReadonlyArray<Scalars>
  readonly callbacks: ReadonlyArray<Callback.Callback<E, R>>
  readonly inTrain: boolean
  /** Whether a training has been: results have an epoch from then on. */
  readonly trained: boolean
  /** What putting the weights on the device took, where that was before any training. **Unit**: s. */
  readonly preparation: number | undefined
  /** Unused columns that the log has named. */
  readonly unusedColumns: ReadonlySet<string>
  /** Gives the keys of `trainer_state.json` for the last run. */
  readonly described: RunOptions["trainerState"]
  /** The state at the last save; null before there was one. */
  readonly saved: TrainerState | null
}

export interface TrainerContext<A, E, R> {
  readonly options: Options<A, E, R>
  readonly args: Arguments.Arguments
  readonly model: Model
  readonly ref: Ref.Ref<TrainerStatus<E, R>>
  /** The memory of its stages, where arguments ask for it. */
  readonly memory: MemoryReport.MemoryReport | undefined
  /** The options of a program, with the present callbacks. */
  readonly parts: Effect.Effect<Parts<A, E, R>>
  /** What `evaluate` and `predict` take beside their options, by name. */
  readonly settings: ReadonlyArray<string>
}

/** A class of Trainer: how its arguments are read, which options of a program follow from them, and what `evaluate` and `predict` take beside their options. */
export interface TrainerClass<G = unknown> {
  readonly read: (input: Arguments.Input) => Result.Result<Arguments.Arguments, Arguments.ArgumentsError>
  readonly supported: (args: Arguments.Arguments) => Result.Result<void, Arguments.NotSupported>
  readonly parts: (
    args: Arguments.Arguments,
    model: Model,
    tokenizer: Tokenizer | undefined
  ) => Effect.Effect<
    Partial<Pick<Parts<unknown>, "model" | "dataCollator" | "write" | "padLabels" | "reduction">>,
    Arguments.ArgumentsError | InvalidTask,
    FileSystem.FileSystem | Path.Path
  >
  /** The names of `G`. */
  readonly settings: ReadonlyArray<string & keyof G>
}

/** The class `Trainer`. */
export const plain: TrainerClass = {
  read: Arguments.make,
  supported: Arguments.supported,
  parts: () => Effect.succeed({}),
  settings: []
}

/**
 * Reads the arguments among a Trainer's options, and checks the options' names; `more` are further options.
 *
 * **Errors**: fails with `ArgumentsError`; with `InvalidTask` for an option that does not exist.
 */
export const readArguments = (
  options: Pick<Options<never>, "args">,
  trainerClass: TrainerClass<never>,
  more: ReadonlyArray<string> = []
): Result.Result<Arguments.Arguments, Arguments.ArgumentsError | InvalidTask> =>
  Result.gen(function* () {
    yield* check(options, more)
    const args = yield* trainerClass.read(options.args ?? { outputDir: "tmp_trainer" })
    yield* trainerClass.supported(args)
    return args
  })

/** Makes it from arguments that `readArguments` read. **Errors**: fails with `InvalidTask` without a model, or when its `init` fails. */
export const make = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: Arguments.Arguments,
  trainerClass: TrainerClass<never>
) {
  yield* Effect.forEach(Arguments.warnings(args), (warning) => Effect.logWarning(warning), { discard: true })
  const memory = args.skipMemoryMetrics ? undefined : yield* MemoryReport.live
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const measured = yield* stage({ memory }, "init")
      const context = yield* assemble(options, args, memory, trainerClass)
      yield* measured
      return context
    })
  )
})

/** Begins a stage of the memory report, and returns the effect that ends it with its metrics; empty unless requested. */
export const stage = (
  { memory }: { readonly memory: MemoryReport.MemoryReport | undefined },
  name: MemoryReport.Stage
): ReturnType<MemoryReport.MemoryReport["begin"]> => memory?.begin(name) ?? Effect.succeed(Effect.succeed({}))

const assemble = Effect.fnUntraced(function* <A, E, R>(
  options: Options<A, E, R>,
  args: Arguments.Arguments,
  memory: MemoryReport.MemoryReport | undefined,
  trainerClass: TrainerClass<never>
) {
  const given = options.model ?? options.modelInit?.()
  if (given === undefined)
    return yield* new InvalidTask({ reason: "The Trainer has no model. Give it `model`, or `modelInit`, which makes one." })
  const own = yield* trainerClass.parts(args, given, options.tokenizer)
  const { model = given } = own
  const ref = yield* Ref.make<TrainerStatus<E, R>>({
    weights: yield* fresh(args, model),
    running: undefined,
    state: initial,
    history: [],
    loggedByCallbacks: [],
    callbacks: [
      Callback.defaultFlow,
      args.disableTqdm === true ? Callback.printer : Callback.progress,
      ...(options.callbacks ?? [])
    ],
    inTrain: false,
    trained: false,
    preparation: undefined,
    unusedColumns: new Set(),
    described: undefined,
    saved: null
  })
  const parts = Effect.map(Ref.get(ref), ({ callbacks }): Parts<A, E, R> => ({ reduction, ...own, ...options, model, callbacks }))
  const context = { options: readIteratorsOnce(options), args, model, ref, memory, parts, settings: trainerClass.settings }
  return context satisfies TrainerContext<A, E, R>
})

/** A model's own initial weights, by the arguments' seed. */
export const fresh = (args: Arguments.Arguments, model: Model): Effect.Effect<HostWeights, InvalidTask> =>
  Effect.map(initialWeights(model, Key.make(args.seed)), (weights) => ({ ...weights, slots: {} }))

/** The Trainer's status, in a training with the state and the history of its current event. */
export const current = <A, E, R>({ ref }: TrainerContext<A, E, R>): Effect.Effect<TrainerStatus<E, R>> =>
  Effect.map(Ref.get(ref), (held) => {
    const { loggedByCallbacks, running } = held
    if (running === undefined) return held
    return { ...held, state: running.state(), history: joined(running.history(), loggedByCallbacks), trained: true }
  })

/** Joins a run's history with what methods logged meanwhile, by step. */
export const joined = (history: ReadonlyArray<Scalars>, more: ReadonlyArray<Scalars>): ReadonlyArray<Scalars> =>
  more.length === 0 ? history : [...history, ...more].sort((a, b) => a.step - b.step)

/** The present weights: those of the training that is running, else the Trainer's. */
export const present = <A, E, R>({ ref }: TrainerContext<A, E, R>): Effect.Effect<CurrentRun.WeightsSource> =>
  Effect.map(Ref.get(ref), ({ running, weights }) => running?.weights ?? CurrentRun.hostSource(weights))

/** Logs the unused columns that this Trainer has not logged yet. */
export const logUnused = <A, E, R>({ args, ref }: TrainerContext<A, E, R>, columns: ReadonlyArray<string>): Effect.Effect<void> =>
  Ref.modify(ref, (held) => [
    columns.filter((column) => !held.unusedColumns.has(column)),
    { ...held, unusedColumns: new Set([...held.unusedColumns, ...columns]) }
  ]).pipe(Effect.flatMap(DataLoaders.logUnused), withLogLevel(args))
