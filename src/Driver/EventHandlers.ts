/** What the driver does at each event of the loop, as a record by tag. Events that are not here need nothing but to be reported. */
import { Effect } from "effect"
import { messageOf } from "../ErrorMessage.ts"
import { evaluate, type Result } from "../Evaluation/Evaluation.ts"
import type { Device } from "../Layer/Device/Device.ts"
import * as Plan from "../Schedule/Plan.ts"
import type { TrainerState } from "../TrainerState.ts"
import * as BatchTotals from "./BatchTotals.ts"
import type { Logs } from "./Callback.ts"
import * as EndMessage from "./EndMessage.ts"
import { EvaluationFailed, LoaderFailed, type RunError } from "./Errors.ts"
import { get, type RunContext, set } from "./RunContext.ts"
import * as Snapshot from "./Snapshot.ts"

/** The outcome of an event: the loop's answer, the figures it logs, and what is done once the loop has decided, in one act with its move. */
export interface Outcome {
  readonly answer?: unknown
  readonly logs?: Logs
  readonly commit?: Effect.Effect<void, RunError, Device>
}

type Work<E, R> = Effect.Effect<Outcome, RunError | E, Device | R>
type Handler<T extends Plan.Tag> = <E, R>(run: RunContext<E, R>, event: Plan.EventOf<T>) => Outcome | Work<E, R>

const none: Outcome = {}

export const handlers: { readonly [T in Plan.Tag]?: Handler<T> } = {
  Started: (run, { state }) => Effect.as(run.log.config(state, run.options.config ?? {}), none),

  EpochStarted: (run) => {
    set(run, { batches: new Map() }) // of an accumulation that the end of the data left incomplete
    return none
  },

  Microbatch: (run, { state: { position } }) =>
    Effect.suspend(() => run.task.train.batch(position.epoch, position.batch)).pipe(
      Effect.catchDefect((cause) => Effect.fail(new LoaderFailed({ ...position, reason: messageOf(cause) }))),
      Effect.map((batch) => {
        if (batch !== undefined) set(run, { batches: new Map([...get(run).batches, [position.batch, batch]]) })
        return { answer: batch !== undefined }
      })
    ),

  Updating: (run, { state }) =>
    Effect.map(learningRate(run.plan, state), (rate) => {
      const { model } = run.task
      const { batches, tokensRead } = get(run)
      const taken = [...batches.values()]
      const read = run.options.tokensPerSecond === true ? BatchTotals.measure(model, taken, "all").inputTokens : 0
      return {
        answer: BatchTotals.measure(model, taken, run.options.inputTokens),
        commit: Effect.map(run.weights.update(state, rate, taken).pipe(run.metrics.stepSpan(state.step + 1)), () =>
          set(run, { batches: new Map(), tokensRead: tokensRead + read })
        )
      }
    }),

  StepEnded: (run, { state }) => {
    run.logger.progress?.({ phase: "train", state, horizon: run.plan.horizon })
    return none
  },

  Logged: Effect.fnUntraced(function* (run, { state, resumeState }) {
    const { loss, gradNorm, learningRate } = yield* Snapshot.running(run, state.step)
    const updates = state.step - resumeState.loggedAt
    const clipped = run.task.maxGradNorm > 0 ? { grad_norm: gradNorm } : {} // the Trainer logs no norm where it clips none
    const logs = { loss: loss / updates, ...clipped, learning_rate: learningRate, ...inputTokens(run, state) }
    const tokens = run.options.inputTokens === undefined ? undefined : state.inputTokens - run.start.inputTokens
    const write = yield* run.log.train(state, logs, tokens)
    const commit = Effect.gen(function* () {
      yield* write
      yield* run.metrics.log(logs.loss, state.samples - run.start.samples)
      yield* run.weights.reset
      set(run, { nonFiniteReported: 0 })
    })
    return { answer: loss, logs, commit }
  }),

  Evaluate: (run, { set: name, state }) =>
    Effect.gen(function* () {
      const { callbacks, logger, plan, task } = run
      const loader = task.evaluation[name]!
      const total = loader.batchesPerEpoch
      const evaluation = yield* evaluate({
        ...task,
        weights: yield* run.weights.weights,
        loader,
        set: name,
        progress: (done) => logger.progress?.({ phase: "eval", state, horizon: plan.horizon, done, total, set: name }),
        ...callbacks.watching({ set: name, total })
      })
      set(run, { evaluation })
      return { answer: evaluation.metrics }
    }).pipe(
      run.metrics.span("regimen.evaluate", { step: state.step, set: name }),
      Effect.catchDefect((cause) => Effect.fail(new EvaluationFailed({ set: name, step: state.step, reason: messageOf(cause) })))
    ),

  EvaluationLogged: (run, { set: name, state }) =>
    Effect.suspend(() => {
      const evaluation = get(run).evaluation!
      const logged = { ...evaluation, metrics: { ...evaluation.metrics, ...inputTokens(run, state) } }
      return Effect.as(run.log.evaluation(state, name, logged), { logs: logsOf(logged) })
    }),

  Evaluated: (run) => ({ logs: logsOf(get(run).evaluation!) }),

  Saved: Effect.fnUntraced(function* (run, { state }) {
    yield* run.writer.idle // at most one write at a time
    yield* run.writer.save(yield* Snapshot.take(run, state), state)
    return none
  }),

  Stalled: ({ plan }, { state }) =>
    Effect.fail(new Plan.Stalled({ epoch: state.position.epoch, step: state.step, accumulation: plan.horizon.accumulation })),

  Summary: Effect.fnUntraced(function* (run, { state }) {
    const { options, plan, start } = run
    yield* run.writer.idle // the last write is part of the run
    const { loss } = yield* Snapshot.running(run, state.step)
    const best = yield* bestWeights(run, state)
    for (const text of [EndMessage.early(plan, state, get(run).stopRequestedBy), best.text])
      if (text !== undefined) yield* run.log.text(state, text)
    const values = {
      total_flos: state.flos,
      train_loss: (state.losses.total + loss) / Math.max(1, state.step),
      ...inputTokens(run, state)
    }
    const work = {
      samples: state.samples - start.samples,
      steps: state.step - start.step,
      ...(options.tokensPerSecond === true ? { tokens: get(run).tokensRead } : {})
    }
    return { logs: yield* run.log.summary(state, values, work, yield* run.memory), commit: best.restore }
  }),

  Finished: (run, { state }) => Effect.as(Effect.andThen(run.writer.prune(state), run.logger.flush), none)
}

/** Runs the handler of an event: its outcome, or an Effect of it where it has something to wait for or to fail with. */
export const handle = <E, R>(run: RunContext<E, R>, event: Plan.Event): Outcome | Work<E, R> => {
  const handler = handlers[event._tag] as Handler<Plan.Tag> | undefined
  return handler === undefined ? none : handler(run, event)
}

/** The learning rate of the update that follows a state. **Errors**: `PlanFailed`. */
const learningRate = (plan: Plan.Plan, state: TrainerState) =>
  Effect.try({
    try: () => plan.learningRate(state, plan.horizon),
    catch: (cause) => cause as Plan.PlanFailed
  })

/** Loads the weights of the best checkpoint where the plan restores them. One that cannot be loaded leaves the last, with a warning. */
const bestWeights = Effect.fnUntraced(function* <E, R>(run: RunContext<E, R>, state: TrainerState) {
  const text = EndMessage.best(run.plan, state)
  const step = state.bestCheckpoint
  if (!run.plan.restoreBest || step === null || step === state.step) return { text, restore: Effect.void }
  const loaded = yield* Effect.result(run.store.load(step))
  if (loaded._tag === "Failure") {
    yield* Effect.logWarning(`${loaded.failure.message} The last weights stay in place of the best.`)
    return { text: undefined, restore: Effect.void }
  }
  const restore = Effect.suspend(() => {
    set(run, { noMoreSaves: true })
    return run.weights.restore(loaded.success.weights)
  })
  return { text, restore }
})

const inputTokens = <E, R>({ options }: RunContext<E, R>, state: TrainerState) =>
  options.inputTokens === undefined ? {} : { num_input_tokens_seen: state.inputTokens }

const logsOf = ({ clock, metrics }: Result): Logs => ({ ...metrics, ...clock })
