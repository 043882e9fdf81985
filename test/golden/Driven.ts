/** A recorded configuration, trained by the real driver: the same rows, sample order and model, on the cpu device. */
import { Effect, Layer, Stream } from "effect"
import * as CheckpointName from "../../src/Checkpoint/CheckpointName.ts"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Compile from "../../src/Arguments/Compile.ts"
import { CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import * as TrainerStateJson from "../../src/Checkpoint/TrainerStateJson.ts"
import * as PythonJson from "../../src/Format/PythonJson.ts"
import * as MemoryStore from "../../src/Checkpoint/MemoryStore.ts"
import * as PlanCase from "../../src/cli/PlanCase.ts"
import * as Timeline from "../../src/cli/PlanTimeline.ts"
import * as Collator from "../../src/Data/Collator.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import * as Loader from "../../src/Data/Loaders.ts"
import * as Sampler from "../../src/Data/Sampler.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Logger, type Scalars } from "../../src/Layer/Logger/Logger.ts"
import * as Optimizer from "../../src/Layer/Optimizer.ts"
import type { Metric } from "../../src/Metrics/Metric.ts"
import * as Dense from "../../src/Model/Dense.ts"
import type { Model } from "../../src/Model/Model.ts"
import type * as Plan from "../../src/Schedule/Plan.ts"
import * as Schedule from "../../src/Schedule/Schedule.ts"
import * as Loss from "../../src/Model/Loss.ts"
import * as Reduction from "../../src/Step/Reduction.ts"
import type { HostTensors } from "../../src/Tensor/HostTensor.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import * as Observer from "../../src/Driver/Observer.ts"
import * as TrainerStateKeys from "../../src/Program/TrainerStateKeys.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import type { TrainerState } from "../../src/TrainerState.ts"
import { read } from "./Recorded.ts"

/** What a run did. */
export interface Driven {
  readonly events: ReadonlyArray<Timeline.Line>
  readonly state: TrainerState
  readonly checkpoints: ReadonlyArray<string>
  readonly best: ReturnType<Timeline.Context["ends"]>
  readonly parameters: HostTensors
  readonly history: ReadonlyArray<Scalars>
  /** `trainer_state.json` at the run's end; its callbacks are those of the last save. */
  readonly file: unknown
  /** Dataset indices in the order in which the driver asked for them; unknown for a stream. */
  readonly order: ReadonlyArray<number>
  /** Batches that evaluations read, in the whole run. */
  readonly evaluated: number
}

export type Change = (plan: Plan.Plan) => Plan.Plan

interface Row {
  readonly x: ReadonlyArray<number>
  readonly labels: number
}
export interface Rows {
  readonly train: ReadonlyArray<Row>
  readonly eval: ReadonlyArray<Row>
}

const data = read<{ readonly by_size: Readonly<Record<string, Rows>> }>("cadence_data.json").by_size
const recordedRows = (size: number): Rows => data[size]!

const model: Model = {
  init: () => ({
    "lin.weight": { dtype: "float32", shape: [1, 2], data: Float32Array.of(0.5, -0.25) },
    "lin.bias": { dtype: "float32", shape: [1], data: Float32Array.of(0.1) }
  }),
  apply: (parameters, { x, labels }) => {
    const logits = tf.squeeze(Dense.apply(parameters, "lin", x!), [1])
    return { loss: Loss.meanSquaredError(logits, labels!), outputs: { logits } }
  }
}

/**
 * Trains a case to its end: a resumed one first without an interruption, then from its checkpoint in the same store.
 * `change` is what a test makes of the resumed run's plan, `rows` the data of a size.
 */
export const drive = Effect.fnUntraced(
  function* (recorded: unknown, change: Change = (plan) => plan, rows = recordedRows) {
    const given = yield* Effect.fromResult(PlanCase.decode(recorded))
    const first = yield* run(given, rows, given.args, "newest")
    if (given.resume === undefined) return { first, last: first }
    const from = given.resume.from ?? "newest"
    const saved = first.events.findLastIndex(({ event, step }) => event === "on_save" && (from === "newest" || step === from))
    const scored = first.events.slice(0, saved).filter(({ event }) => event === "on_evaluate").length
    return { first, last: yield* run(given, rows, given.resume.args, from, change, scored) }
  },
  Effect.provide(Layer.mergeAll(Cpu.layer, MemoryStore.layer), { local: true })
)

const run = Effect.fnUntraced(function* (
  given: PlanCase.Case,
  rows: (size: number) => Rows,
  args: Arguments.Arguments,
  from: Trainer.From,
  change: Change = (plan) => plan,
  scored = 0
) {
  const order: Array<number> = []
  const loaders = yield* open(given, rows, args, order)
  const sizes: Compile.Sizes = {
    batchesPerEpoch: loaders.train.batchesPerEpoch,
    sets: Object.keys(loaders.evaluation),
    ...(given.earlyStopping === undefined ? {} : { earlyStopping: given.earlyStopping })
  }
  const plan = change(yield* Effect.fromResult(Compile.plan(args, sizes)))
  const trainerState = TrainerStateKeys.make(args, sizes, plan)
  const task = {
    ...Trainer.task({
      model,
      train: loaders.train,
      metrics: given.scores === undefined ? [] : [scripted(given.scores, scored - plan.sets.length)],
      reduction: Reduction.trainer,
      maxGradNorm: args.maxGradNorm
    }),
    evaluation: loaders.evaluation
  }
  const requests = wishes(given)
  const store = yield* CheckpointStore
  const goal = Arguments.goal(args)
  const found = new Map<TrainerState, ReadonlyArray<number>>()
  const ends = (state: TrainerState) => ({
    checkpoints: found.get(state)!,
    metric: goal === null ? null : (Schedule.best(goal)(state, plan.horizon)?.metric ?? null),
    step: plan.best(state, plan.horizon),
    checkpoint: state.bestCheckpoint
  })
  let evaluated = 0
  const logger = Layer.succeed(Logger, {
    log: () => Effect.void,
    flush: Effect.void,
    progress: ({ phase }) => {
      if (phase === "eval") evaluated++
    }
  })
  return yield* Effect.gen(function* () {
    const running = yield* Trainer.start(task, plan, {
      observe: Observer.make({ StepEnded: (event) => Effect.sync(() => requests.StepEnded(event)) }),
      from,
      ignoreDataSkip: args.ignoreDataSkip
    })
    order.length = 0 // what the dry run read
    const events: Array<Plan.Event> = []
    let saved: TrainerState | null = null
    yield* Stream.runForEach(
      running.events,
      Effect.fnUntraced(function* (event) {
        events.push(event)
        if (event._tag === "Saved") saved = event.state
        if (event._tag === "Saved" || event._tag === "Finished") found.set(event.state, yield* store.list)
      })
    )
    const state = yield* running.state
    const history = yield* running.history
    const listed = yield* store.list
    found.set(state, listed)
    return {
      events: Timeline.fromEvents(events, {
        requests,
        batches: (set) => loaders.evaluation[set]!.batchesPerEpoch,
        scored: given.scores !== undefined,
        clips: args.maxGradNorm > 0,
        outputDir: args.outputDir,
        ends
      }),
      state,
      checkpoints: listed.map(CheckpointName.make),
      best: ends(state),
      parameters: (yield* running.weights).parameters,
      history,
      file: PythonJson.parse(TrainerStateJson.trainerState({ state, history, trainerState: trainerState(state, saved) }, args.outputDir)),
      order,
      evaluated
    } satisfies Driven
  }).pipe(Effect.provide(Layer.merge(logger, Optimizer.layer(Compile.optimizer(args)))))
}, Effect.scoped)

const collate = Collator.stack({ dtypes: { labels: "float32" } })

/** The recorded runs' loaders. A stream gives its rows as they stand; `order` notes what else is read for training. */
const open = Effect.fnUntraced(function* (
  given: PlanCase.Case,
  rowsOf: (size: number) => Rows,
  args: Arguments.Arguments,
  order: Array<number>
) {
  const rows = rowsOf(given.trainSize).train
  const options = { collate, batchSize: args.perDeviceTrainBatchSize, dropLast: args.dataloaderDropLast }
  const train = yield* given.streams
    ? Loader.fromStream({ ...options, dropLast: false, open: () => Stream.fromIterable(rows) })
    : Loader.make({ ...options, dataset: Dataset.fromArray(rows), sampler: Sampler.random({ seed: 1234 }) })
  const evaluation: Record<string, Loader.Loader> = {}
  for (const { name, size } of given.sets)
    evaluation[name] = yield* Loader.make({
      ...options,
      dataset: Dataset.fromArray(rowsOf(size).eval),
      batchSize: args.perDeviceEvalBatchSize
    })
  const noted = (batch: Loader.Batch | undefined) => Effect.sync(() => void order.push(...(batch?.indices ?? [])))
  const batch: Loader.Loader["batch"] = (epoch, index) => Effect.tap(train.batch(epoch, index), noted)
  return { train: { ...train, batch }, evaluation }
})

/** Gives the scripted score of its i-th evaluation, from `start` on: the dry run evaluates every set once before the first. */
const scripted = (scores: ReadonlyArray<number>, start: number): Metric<unknown> => {
  let evaluation = start
  return {
    names: ["score"],
    measure: () => ({}),
    empty: null,
    update: (state) => state,
    combine: (left) => left,
    finish: () => ({ score: scores[Math.max(0, evaluation++)]! })
  }
}

const wishes = ({ callback }: PlanCase.Case) => ({
  StepEnded: ({ state }: Plan.EventOf<"StepEnded">) => (callback?.step === state.step ? [callback.request] : [])
})
