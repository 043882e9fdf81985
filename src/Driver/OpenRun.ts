/** Opens a run in a scope: claims the store, reads the checkpoint to start from, makes the weights, and tries one step. */
import { Effect, MutableRef } from "effect"
import { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import { checked } from "../Data/Loader/Checked.ts"
import { Logger } from "../Layer/Logger/Logger.ts"
import * as Plan from "../Schedule/Plan.ts"
import { initial } from "../TrainerState.ts"
import * as BatchTotals from "./BatchTotals.ts"
import * as CallbackSet from "./CallbackSet.ts"
import * as CheckpointWriter from "./CheckpointWriter.ts"
import * as CurrentRun from "./CurrentRun.ts"
import { dryRun } from "./DryRun.ts"
import * as IsolatedLogger from "./IsolatedLogger.ts"
import type { Stage } from "./MemoryReport.ts"
import * as PlanChecks from "./PlanChecks.ts"
import * as ResumeFrom from "./ResumeFrom.ts"
import * as RunContext from "./RunContext.ts"
import * as RunLog from "./RunLog.ts"
import { defaultGrace, type Options, startOf } from "./RunOptions.ts"
import * as RunTelemetry from "./RunTelemetry.ts"
import type { TrainingTask } from "./TrainingTask.ts"
import * as TrainingWeights from "./TrainingWeights.ts"

/** Opens a run. Nothing is trained yet. **Errors**: whatever would fail later and can be found now. */
export const open = Effect.fnUntraced(function* <E, R>(asked: TrainingTask, asGiven: Plan.Plan, options: Options<E, R>) {
  const plan = Plan.guarded(yield* Effect.fromResult(PlanChecks.check(asGiven)))
  const task: TrainingTask = { ...asked, train: checked(asked.train, asked.model) }
  const store = yield* CheckpointStore
  const logger = IsolatedLogger.make(yield* Logger, undefined, options.grace ?? defaultGrace)
  const memory = (stage: Stage) => options.memory?.begin(stage) ?? Effect.succeed(Effect.succeed({}))
  const opened = yield* memory("init")
  const attempt = yield* store.open
  const { from, given } = startOf(options.from)
  const found = yield* ResumeFrom.resume(from)
  const start = found === undefined ? initial : Plan.resume(found.state, options)
  const weights = yield* TrainingWeights.make(
    task,
    found === undefined ? { state: start, ...given } : { state: start, weights: found.weights, adapter: found.adapter },
    options
  )
  const counted = options.inputTokens !== undefined || options.tokensPerSecond === true
  yield* dryRun(task, plan, start, weights, counted ? [BatchTotals.mainInput(task.model)] : [])
  const views = yield* CurrentRun.ofTraining(task, plan, weights, options)
  const callbacks = yield* CallbackSet.make(options.callbacks ?? [], start, views)
  const log = yield* RunLog.make(attempt, logger, found?.history.slice(0, start.historyLength) ?? [])
  const metrics = yield* RunTelemetry.make(attempt, store)
  const writer = yield* CheckpointWriter.make({
    logger,
    background: options.background ?? false,
    modelOnly: options.saveOnlyModel ?? false,
    ...(yield* ResumeFrom.branch(from, found, attempt))
  }).pipe(Effect.provideService(CheckpointStore, metrics.store))
  const loop = Plan.play(plan, start)
  const cell = MutableRef.make<RunContext.RunState<E>>(RunContext.initial(loop.next()))
  const state = () => {
    const { done, value } = MutableRef.get(cell).now
    return done === true ? value : value.state
  }
  yield* options.onStart?.({ ...views, state, history: log.history }) ?? Effect.void
  yield* opened
  const run: RunContext.RunContext<E, R> = {
    task,
    plan,
    options,
    start,
    store,
    logger,
    log,
    weights,
    writer,
    callbacks,
    metrics,
    memory: yield* memory("train"),
    loop,
    cell
  }
  return run
})
