/** A run answers `play` with effects. It lives in a scope: when that closes early, for whatever reason, the state is saved as it is. */
import { Cause, type Duration, Effect, Scope, Stream } from "effect"
import { type Checkpoint, CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import { checked } from "../Data/Loader/Checked.ts"
import type { Batch } from "../Data/Loader.ts"
import { evaluate, type Result } from "../Evaluation/Evaluation.ts"
import type { Device, DeviceError } from "../Layer/Device/Device.ts"
import { Logger } from "../Layer/Logger/Logger.ts"
import type { Optimizer } from "../Layer/Optimizer.ts"
import * as Plan from "../Schedule/Plan.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import { initial, type TrainerState } from "../TrainerState.ts"
import * as BatchCounts from "./BatchCounts.ts"
import type { Callback, CallbackFailed, Logs } from "./Callback.ts"
import * as CallbackSet from "./CallbackSet.ts"
import * as CheckpointWriter from "./CheckpointWriter.ts"
import * as CurrentRun from "./CurrentRun.ts"
import { dryRun } from "./DryRun.ts"
import * as EndMessage from "./EndMessage.ts"
import { InvalidTask, NonFiniteLoss, type RunError } from "./Errors.ts"
import type { MemoryReport, Stage } from "./MemoryReport.ts"
import * as NonFinite from "./NonFinite.ts"
import { ask, type Observer } from "./Observer.ts"
import * as ResumeFrom from "./ResumeFrom.ts"
import * as RunLog from "./RunLog.ts"
import type { TrainingTask } from "./TrainingTask.ts"
import * as TrainingWeights from "./TrainingWeights.ts"

/** What every run needs of the world. */
export type Services = Device | Optimizer | CheckpointStore | Logger

export interface Options<E = never, R = never> extends CurrentRun.FrontEnd {
  readonly observe?: Observer<E, R>
  /** Called at events, after the observer; their state is in the TrainerState. */
  readonly callbacks?: ReadonlyArray<Callback<E, R>>
  /** Where to start: the newest checkpoint of the store (the default), nowhere, the checkpoint of a step, or one from elsewhere. */
  readonly from?: ResumeFrom.From
  /** On resume, start the epoch's data again instead of seeking (the page's `ignore_data_skip`). */
  readonly ignoreDataSkip?: boolean
  /** Write checkpoints while training goes on, one at a time. The snapshot is taken in the loop. */
  readonly background?: boolean
  /**
   * Write checkpoints of the model alone, without the optimizer's slots (the page's `save_only_model`): smaller, and no run can go on from them. The state in
   * which a run is cut is written in full all the same.
   */
  readonly saveOnlyModel?: boolean
  /** How long saving may take when a run is cut short. */
  readonly grace?: Duration.Input
  /**
   * What to do about an update whose loss or gradient norm is NaN or infinite: "fail" (the default), "skip" the update, "filter" its loss from the logged
   * mean (the Trainer's `logging_nan_inf_filter`; the weights do change; the whole loss of an update, where the Trainer leaves out that of a micro-batch), or "continue" and log it. Whatever goes on is said as a warning, at the next log or save.
   */
  readonly nonFinite?: NonFinite.Policy
  /**
   * Look at every tensor of every update, and stop at the first that holds a NaN or an infinity, with the kernels that led to it (the page's `debug`:
   * "underflow_overflow"). Slow; it needs a device that gives tensors back at once (cpu, wasm). **Errors**: `NonFiniteTensor`.
   */
  readonly traceNonFinite?: boolean
  /** Count the tokens of the model's main input, and log them with their speed (the page's `include_num_input_tokens_seen`). Default: not. */
  readonly inputTokens?: BatchCounts.Tokens
  /** Give the tokens per second at the end (the page's `include_tokens_per_second`). */
  readonly tokensPerSecond?: boolean
  /** Give the memory that the run took at its end (the page's `skip_memory_metrics`, set to false). */
  readonly memory?: MemoryReport
  /** Told when a run was cut short. */
  readonly onInterrupt?: (cut: Interruption) => Effect.Effect<void>
  /** More keys for `trainer_state.json` at a state (`StateFile.make`). */
  readonly trainerState?: (state: TrainerState) => Readonly<Record<string, unknown>>
  /** More files for each checkpoint, by name: the model's config, a tokenizer. */
  readonly files?: Readonly<Record<string, string>>
  /** Given the views of the run and its present weights, once they are on the device; valid until the run's scope closes. */
  readonly onStart?: (views: CurrentRun.Views) => Effect.Effect<void>
  /** Given the run's outcome at its end, before anything can interrupt it. */
  readonly onEnd?: (report: TrainResult) => Effect.Effect<void>
  /** Shown by the loggers once, at the start. */
  readonly config?: Readonly<Record<string, unknown>>
}

/** Where a run was cut short. */
export interface Interruption {
  readonly step: number
  /** Whether its state is safe: saved now or before; before the first update there is none. */
  readonly safe: boolean
  /** Says something in the run's log. */
  readonly say: (text: string) => Effect.Effect<void>
}

/** What a finished run leaves. */
export interface TrainResult {
  readonly state: TrainerState
  readonly weights: HostWeights
  /** The canonical log, oldest first. */
  readonly history: Checkpoint["history"]
}

export interface Run<E, R> {
  /** The answered events, pulled: a run goes on only as they are read. Watching only: requests come from observers. */
  readonly events: Stream.Stream<Plan.Event, E, R>
  /** The state that a checkpoint written now would hold. */
  readonly state: Effect.Effect<TrainerState, DeviceError>
  /** A copy in the host's memory: the tensors are freed with the scope. */
  readonly weights: Effect.Effect<HostWeights, DeviceError>
  /** The canonical log so far. */
  readonly history: Effect.Effect<Checkpoint["history"]>
}

/** What is done about an event, what it logs, and what is still to do once the event is told: that and the move after it are one act. */
interface Done {
  readonly answer?: unknown
  readonly logs?: Logs
  readonly commit?: Effect.Effect<Done, RunError, Device>
}
type Work<E, R> = Effect.Effect<Done, RunError | E, Device | R>
/** What an event's observer and callbacks say. */
type Replies = Partial<CallbackSet.Replies>

const logsOf = ({ clock, metrics }: Result): Logs => ({ ...metrics, ...clock })

/** What is logged has the epoch with it, as the page's logs have. */
const logged = ({ state }: Plan.Event, { logs }: Done): Logs => (logs === undefined ? {} : { ...logs, epoch: state.epoch })

/** Events that follow each other closely: they are given to the stream together with the next of the others. */
const close = new Set<Plan.Tag>(["Microbatch", "StepStarted", "SubstepEnded", "Updating", "Updated"])

/** Opens a run in the scope: claims the store, reads where to start, and makes the weights. Nothing is trained until `events` is read. */
export const start = Effect.fnUntraced(function* <E = never, R = never>(
  given: TrainingTask,
  plan: Plan.Plan,
  options: Options<E, R> = {}
) {
  const task: TrainingTask = { ...given, train: checked(given.train, given.model) }
  const store = yield* CheckpointStore
  const logger = yield* Logger
  const scope = yield* Scope.Scope
  const memory = (stage: Stage) => options.memory?.begin(stage) ?? Effect.succeed(Effect.succeed({}))
  const opened = yield* memory("init")
  const session = yield* store.open
  const found = yield* ResumeFrom.resume(options.from ?? "newest")
  const from = found === undefined ? initial : Plan.resume(found.state, options)
  const learner = yield* TrainingWeights.make(
    task,
    found === undefined ? { state: from } : { state: from, weights: found.weights },
    options
  )
  const counts = options.inputTokens !== undefined || options.tokensPerSecond === true
  yield* dryRun(task, plan, from, learner, counts ? [BatchCounts.mainInput(task.model)] : [])
  const views = yield* CurrentRun.ofTraining(task, plan, learner, options)
  const callbacks = yield* CallbackSet.make(options.callbacks ?? [], from, views)
  yield* options.onStart?.(views) ?? Effect.void
  const journal = yield* RunLog.make(session, logger, found?.history ?? [])

  // `play`, always one question ahead: `now.value` is unanswered, and its `cut` is what a checkpoint must hold.
  const game = Plan.play(plan, from)
  let now = game.next()
  let moving = false // a schedule that throws leaves this set: weights and state may disagree
  let sealed = false // the weights are no longer those of the state (the best are back), or not worth keeping
  let asker: string | undefined // of the run's end
  let evaluated: Result | undefined
  let read = 0 // tokens of the main input in this attempt, padding and all
  let said = 0 // of the updates since the last log that were not sound
  const batches = new Map<number, Batch>() // by cursor: a batch that is asked for again takes its own place
  const saver = yield* CheckpointWriter.make({
    background: options.background ?? false,
    modelOnly: options.saveOnlyModel ?? false,
    durable: typeof options.from === "object" ? undefined : found?.state
  })

  /** Brings up to date what is kept on the device between logs and saves. */
  const measured = (state: TrainerState, { loss, gradNorm, learningRate }: TrainingWeights.Running): TrainerState => ({
    ...state,
    losses: { ...state.losses, sinceLog: loss },
    lastUpdate: { learningRate, gradNorm }
  })
  const seen = (state: TrainerState) => (options.inputTokens === undefined ? {} : { num_input_tokens_seen: state.inputTokens })
  const snapshot = Effect.fnUntraced(function* (cut: TrainerState) {
    const state = measured(cut, yield* sound(cut.step))
    return {
      state,
      weights: yield* learner.snapshot,
      history: journal.history(),
      meta: options.config ?? {},
      ...(options.files === undefined ? {} : { files: options.files }),
      ...(options.trainerState === undefined ? {} : { trainerState: options.trainerState(state) })
    } satisfies Checkpoint
  })
  /** Looks at the figures since the last log, and fails, or says what it let through and has not said yet. */
  const sound = Effect.fnUntraced(function* (step: number) {
    const running = yield* learner.running
    const { loss, gradNorm, unsound } = running
    const { nonFinite = "fail" } = options
    if (nonFinite !== "fail") {
      if (unsound > said) yield* Effect.logWarning(NonFinite.warning(nonFinite, step, unsound - said))
      said = unsound
    } else if (!(Number.isFinite(loss) && Number.isFinite(gradNorm))) {
      sealed = true
      return yield* new NonFiniteLoss({ step, loss, gradNorm })
    }
    return running
  })
  // Leaving early (interruption, Stream.take, an observer's error): the state as it is, once.
  yield* Scope.addFinalizer(
    scope,
    Effect.gen(function* () {
      if (now.done) return
      const { resumeState: cut } = now.value
      const safe = cut.step === 0 || (yield* rescue(cut))
      const say = (text: string) => Effect.andThen(journal.text(cut, text), logger.flush)
      yield* options.onInterrupt?.({ step: cut.step, safe, say }) ?? Effect.void
    })
  )
  /** Sees to it that a state is on disk, once a write under way has ended. */
  const rescue = (cut: TrainerState) =>
    Effect.suspend(() => {
      if (saver.has(cut)) return Effect.succeed(true)
      return moving || sealed ? Effect.succeed(false) : Effect.as(Effect.flatMap(snapshot(cut), saver.rescue), true)
    }).pipe(
      saver.alone,
      Effect.interruptible, // a finalizer is uninterruptible: without this no time limit works
      Effect.timeout(options.grace ?? "1 minute"),
      Effect.catchCause((cause) =>
        Effect.as(Effect.logError("The run was cut short and its state could not be saved.", cause), false)
      )
    )

  const work = (event: Plan.Event): Work<E, R> | undefined => {
    const { state } = event
    switch (event._tag) {
      case "Started":
        return Effect.as(journal.config(state, options.config ?? {}), {})
      case "EpochStarted":
        batches.clear() // of an accumulation that the data cut short
        return
      case "Microbatch":
        return Effect.map(task.train.batch(state.position.epoch, state.position.batch), (batch) => {
          if (batch !== undefined) batches.set(state.position.batch, batch)
          return { answer: batch !== undefined }
        })
      case "Updating": {
        const taken = [...batches.values()]
        const rate = plan.learningRate(state, plan.horizon)
        const answer = BatchCounts.measure(task.model, taken, options.inputTokens)
        if (options.tokensPerSecond === true) read += BatchCounts.measure(task.model, taken, "all").inputTokens
        if (!Number.isFinite(rate)) {
          return Effect.fail(
            new InvalidTask({ reason: `The plan's learning rate for update ${state.step + 1} is ${rate}. Look at its schedule.` })
          )
        }
        const commit = Effect.map(learner.update(state, rate, taken), () => {
          batches.clear()
          return { answer }
        })
        return Effect.succeed({ commit })
      }
      case "StepEnded":
        logger.progress?.({ phase: "train", state, horizon: plan.horizon })
        return
      case "Logged":
        return Effect.gen(function* () {
          const { loss, gradNorm, learningRate } = yield* sound(state.step)
          const updates = state.step - event.resumeState.loggedAt
          const clipped = task.maxGradNorm > 0 ? { grad_norm: gradNorm } : {} // the page's logs have no norm where none is clipped
          const logs = { loss: loss / updates, ...clipped, learning_rate: learningRate, ...seen(state) }
          const tokens = options.inputTokens === undefined ? undefined : state.inputTokens - from.inputTokens
          const commit = Effect.gen(function* () {
            yield* journal.train(state, logs, tokens)
            yield* learner.reset
            said = 0
            return { answer: loss }
          })
          return { logs, commit }
        })
      case "Evaluate":
        return Effect.gen(function* () {
          const loader = task.evaluation[event.set]!
          evaluated = yield* evaluate({
            ...task,
            weights: yield* learner.weights,
            loader,
            set: event.set,
            progress: (done) =>
              logger.progress?.({
                phase: "eval",
                state,
                horizon: plan.horizon,
                done,
                total: loader.batchesPerEpoch,
                set: event.set
              }),
            ...callbacks.watching({ set: event.set, total: loader.batchesPerEpoch })
          })
          return { answer: evaluated.metrics }
        })
      case "EvaluationLogged":
        return Effect.suspend(() => {
          const logged = { ...evaluated!, metrics: { ...evaluated!.metrics, ...seen(state) } }
          return Effect.as(journal.evaluation(state, event.set, logged), { logs: logsOf(logged) })
        })
      case "Evaluated":
        return Effect.succeed({ logs: logsOf(evaluated!) })
      case "Saved":
        return Effect.gen(function* () {
          yield* saver.alone(Effect.void) // at most one write under way: the next save waits for it
          yield* saver.save(yield* snapshot(state), state)
          return {}
        })
      case "Stalled":
        return Effect.fail(
          new Plan.Stalled({ epoch: state.position.epoch, step: state.step, accumulation: plan.horizon.accumulation })
        )
      case "Summary":
        return Effect.gen(function* () {
          yield* saver.alone(Effect.void) // the last write is part of the run
          const { loss } = yield* sound(state.step)
          let best = EndMessage.best(plan, state)
          if (plan.restoreBest && state.bestCheckpoint !== null && state.bestCheckpoint !== state.step) {
            const loaded = yield* Effect.result(store.load(state.bestCheckpoint))
            if (loaded._tag === "Success") {
              sealed = true
              yield* learner.restore(loaded.success.weights)
            } else {
              best = undefined
              yield* Effect.logWarning(`${loaded.failure.message} The last weights stay in the place of the best.`)
            }
          }
          for (const words of [EndMessage.early(plan, state, asker), best])
            if (words !== undefined) yield* journal.text(state, words)
          const trainLoss = (state.losses.total + loss) / Math.max(1, state.step)
          const done = { samples: state.samples - from.samples, steps: state.step - from.step }
          const logs = yield* journal.summary(
            state,
            { total_flos: state.flos, train_loss: trainLoss, ...seen(state) },
            { ...done, ...(options.tokensPerSecond === true ? { tokens: read } : {}) },
            yield* trained
          )
          return { logs }
        })
      case "Finished":
        return Effect.as(Effect.andThen(saver.prune(state), logger.flush), {})
      default:
        return
    }
  }

  const move = (event: Plan.Event, { answer }: Done, { asker: by, ...said }: Replies) => {
    if (said.requests?.includes("stopRun")) asker = by === undefined ? "an observer" : `the callback "${by}"`
    moving = true
    now = game.next({ answer, ...said } as Plan.Reply)
    moving = false
    return event
  }
  /** Asks the observer, then tells the callbacks; undefined when nobody hears of such an event. */
  const tell = (event: Plan.Event, logs: Logs): Effect.Effect<Replies, E | CallbackFailed | InvalidTask, R> | undefined => {
    const asked = options.observe === undefined ? undefined : ask(options.observe, event, logs)
    const told = callbacks.notify(event, logs)
    if (asked === undefined) return told
    return Effect.flatMap(asked, (requests) =>
      told === undefined
        ? Effect.succeed({ requests })
        : Effect.map(told, (said) => ({ ...said, requests: [...requests, ...(said.requests ?? [])] }))
    )
  }
  /**
   * Does what an event needs, tells it, and moves on. An update and a log are made once they are told, in one act with the move: each happens
   * whole or not at all.
   */
  const turn = (event: Plan.Event): Effect.Effect<Plan.Event, RunError | E, Device | R> => {
    const doing = work(event)
    if (doing === undefined) {
      const telling = tell(event, {})
      return telling === undefined ? Effect.sync(() => move(event, {}, {})) : Effect.map(telling, (said) => move(event, {}, said))
    }
    return Effect.flatMap(event._tag === "Saved" ? Effect.uninterruptible(doing) : doing, (done) =>
      Effect.flatMap(tell(event, logged(event, done)) ?? Effect.succeed({}), (said: Replies) =>
        done.commit === undefined
          ? Effect.sync(() => move(event, done, said))
          : Effect.uninterruptible(Effect.map(done.commit, (committed) => move(event, committed, said)))
      )
    )
  }
  const check = Effect.suspend(() => {
    const failure = saver.failure()
    if (failure === undefined) return Effect.void
    sealed = true
    return Effect.failCause(failure)
  })
  const pull = Effect.gen(function* () {
    const events: Array<Plan.Event> = []
    while (!now.done) {
      const event = yield* turn(now.value)
      if (saver.failure() !== undefined) yield* check
      events.push(event)
      if (event._tag === "StepEnded") yield* Effect.yieldNow // a synchronous backend starves timers and interruption otherwise
      if (!close.has(event._tag)) return events as unknown as readonly [Plan.Event, ...Array<Plan.Event>]
    }
    return yield* Cause.done()
  })

  yield* opened
  const trained = yield* memory("train")
  return {
    events: Stream.fromPull(Effect.succeed(pull)),
    state: Effect.map(learner.running, (running) => measured(now.done ? now.value : now.value.resumeState, running)),
    weights: learner.snapshot,
    history: Effect.sync(journal.history)
  } satisfies Run<RunError | E, Device | R>
})
