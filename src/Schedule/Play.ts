/** `play` is the whole training loop, written once, as a pure generator that asks and is answered. A plan is what it follows. */
import type { TrainerState } from "../TrainerState.ts"
import * as State from "../TrainerState.ts"
import type { Event, EventOf, Metrics, Plain, Reply, Request } from "./Event.ts"
import type { Horizon } from "./Horizon.ts"
import type { Retention } from "./Retention.ts"
import type { Schedule } from "./Schedule.ts"
import type { Trigger } from "./Trigger.ts"

export interface Plan {
  readonly horizon: Horizon
  /** The learning rate of an update is the schedule of the state before it. */
  readonly learningRate: Schedule.Input<number>
  readonly log: Trigger.Input
  readonly evaluate: Trigger.Input
  readonly save: Trigger.Input
  /** Whether the run is over. `play` adds the horizon's end to it. A resumed run asks again, so a level that has become true should stay so. */
  readonly stop: Schedule.Input<boolean>
  /** The step whose checkpoint must survive, or null. */
  readonly best: Schedule.Input<number | null>
  readonly retention: Retention
  /** At the end, put the weights of `bestCheckpoint` back. */
  readonly restoreBest: boolean
  readonly evaluateOnStart: boolean
  /** Names of the metrics that decisions read (`eval_loss`); the trainer checks before step 0 that an evaluation gives them. */
  readonly watches: ReadonlyArray<string>
  /** Evaluation sets, in order. */
  readonly sets: ReadonlyArray<string>
}

type Play<A> = Generator<Event, A, Reply>

/** Adds requests to a state. */
export const honour = (state: TrainerState, requests: ReadonlyArray<Request> = []): TrainerState => {
  let { asked, stop } = state
  for (const request of requests) {
    if (request === "stopRun") stop = { ...stop, run: true }
    else if (request === "stopEpoch") stop = { ...stop, epoch: true }
    else asked = { ...asked, [request]: true }
  }
  return requests.length === 0 ? state : { ...state, asked, stop }
}

/**
 * Gives the state that a cut run goes on from: a wish to stop is forgotten (the plan derives its own again), all else is kept. `checkpoints` are
 * those on disk now.
 *
 * **Source**: `ignoreDataSkip` is the page's `ignore_data_skip`: the epoch's data start again.
 */
export const resume = (
  state: TrainerState,
  options: { readonly checkpoints?: ReadonlyArray<number>; readonly ignoreDataSkip?: boolean } = {}
): TrainerState => ({
  ...state,
  stop: { ...state.stop, run: false },
  checkpoints: options.checkpoints ?? state.checkpoints,
  // an epoch that is used up has none to start again
  position:
    options.ignoreDataSkip === true && state.epoch !== state.position.epoch + 1 ? { ...state.position, batch: 0 } : state.position
})

/**
 * Plays a plan from a state to its end. The driver answers with effects, `simulate` with a script: they agree by construction.
 *
 * **Law**: a run cut at any event and played again from that event's `cut` has the same rest and ends in the same state (test/property/play.test.ts).
 */
export function* play(plan: Plan, start: TrainerState): Play<TrainerState> {
  const { epochs } = plan.horizon
  yield* ask({ _tag: "Initialized", state: start, cut: start })
  let state = yield* tell("Started", start)
  if (plan.evaluateOnStart && state.step === 0 && state.evaluations === null) state = yield* evaluation(plan, state, true)
  state = yield* settle(plan, latch(plan, state)) // what a cut run had decided and not yet done
  while (state.open || (state.position.epoch < epochs && !state.stop.run)) {
    state = yield* tell("EpochStarted", State.epochStarted(state))
    const epoch = yield* batches(plan, state)
    state = epoch.state
    if (epoch.exhausted && state.position.batch === 0) {
      yield* ask({ _tag: "Stalled", state, cut: state }) // no update in a whole epoch: it would never end
      return state
    }
    const before = state
    const after = wish(plan, before, State.epochEnded(before, epoch.exhausted))
    state = yield* settle(plan, yield* tell("EpochEnded", after))
  }
  state = yield* tell("Summary", { ...state, asked: { ...state.asked, log: false } })
  return yield* tell("Finished", { ...state, checkpoints: plan.retention(state, true) })
}

/** The micro-batches of an epoch from the cursor on, until the data or a stop ends them. */
function* batches(plan: Plan, start: TrainerState): Play<{ readonly state: TrainerState; readonly exhausted: boolean }> {
  const { accumulation, batchesPerEpoch } = plan.horizon
  let state = start
  let batch = state.position.batch
  while (!state.stop.run && !state.stop.epoch) {
    if (batch === batchesPerEpoch) return { state, exhausted: true }
    const cursor = { ...state, position: { ...state.position, batch } }
    const { answer: more } = yield* ask({ _tag: "Microbatch", state: cursor, cut: state })
    if (!more) return { state, exhausted: true }
    if (batch % accumulation === 0) state = yield* tell("StepStarted", { ...state, asked: State.nothingAsked })
    batch++
    if (batch % accumulation !== 0 && batch !== batchesPerEpoch) {
      state = yield* tell("SubstepEnded", state)
      continue
    }
    const { answer: consumed, requests } = yield* ask({ _tag: "Updating", state, cut: state })
    const before = honour(state, requests)
    const after = wish(plan, before, State.stepEnded(before, batch, batchesPerEpoch, consumed))
    // the weights are already those of the next step, and so is the cut
    const updated = yield* ask({ _tag: "Updated", state: before, cut: after })
    state = yield* settle(plan, yield* tell("StepEnded", honour(after, updated.requests)))
  }
  return { state, exhausted: batch === batchesPerEpoch }
}

/** Does what is asked, in the one order that matters: log, evaluate, save. A run cut anywhere in here starts again here. */
function* settle(plan: Plan, start: TrainerState): Play<TrainerState> {
  let state = start
  if (state.asked.log && state.step > state.loggedAt) {
    const { answer: sum, requests } = yield* ask({ _tag: "Logged", state: State.logged(state, 0), cut: state })
    state = honour(State.logged(state, sum), requests)
  }
  if (state.asked.evaluate) {
    state = yield* evaluation(plan, state, false)
    const save = state.asked.save || plan.save(State.before(start), state, plan.horizon) // "save best" sees the evaluation just made
    state = { ...state, asked: { ...state.asked, evaluate: false, save } }
  }
  if (state.asked.save) {
    const checkpoints = [...state.checkpoints.filter((step) => step !== state.step), state.step].sort((a, b) => a - b)
    const best = plan.best(state, plan.horizon)
    const bestCheckpoint = best !== null && checkpoints.includes(best) ? best : state.bestCheckpoint
    const saved = { ...state, checkpoints, bestCheckpoint, asked: { ...state.asked, save: false } }
    state = yield* tell("Saved", { ...saved, checkpoints: plan.retention(saved, false) })
  }
  return State.settled(state)
}

/** Evaluates every set; an evaluation that is cut is made again, whole. Early stopping sees each set as it is reported, `best` all together. */
function* evaluation(plan: Plan, start: TrainerState, initial: boolean): Play<TrainerState> {
  let state = start
  let merged: Metrics = {}
  for (const set of plan.sets) {
    const { answer: metrics } = yield* ask({ _tag: "Evaluate", state, cut: start, set })
    merged = { ...merged, ...metrics }
    const logged = { ...state, asked: { ...state.asked, log: false } }
    const first = yield* ask({ _tag: "EvaluationLogged", state: logged, cut: start, set })
    const honoured = honour(logged, first.requests)
    const seen = { ...honoured, stop: latch(plan, State.evaluated(honoured, metrics, initial)).stop }
    const second = yield* ask({ _tag: "Evaluated", state: seen, cut: start, set, metrics })
    state = honour(seen, second.requests)
  }
  return State.evaluated(state, merged, initial)
}

const latch = (plan: Plan, state: TrainerState): TrainerState =>
  !state.stop.run && (state.step >= plan.horizon.maxSteps || plan.stop(state, plan.horizon))
    ? { ...state, stop: { ...state.stop, run: true } }
    : state

/** What the plan wants at a transition, beside what was asked already. */
const wish = (plan: Plan, before: TrainerState, after: TrainerState): TrainerState =>
  latch(plan, {
    ...after,
    settling: State.standing(before),
    asked: {
      log: after.asked.log || plan.log(before, after, plan.horizon),
      evaluate: after.asked.evaluate || plan.evaluate(before, after, plan.horizon),
      save: after.asked.save || plan.save(before, after, plan.horizon)
    }
  })

/** Yields an event and gives its reply, typed by the event. */
function* ask<E extends Event>(event: E): Generator<Event, Reply<E["_tag"]>, Reply> {
  return (yield event) as Reply<E["_tag"]>
}

/** Yields an event that needs no answer, and adds what observers ask for. */
function* tell(_tag: Plain, state: TrainerState): Play<TrainerState> {
  const { requests } = yield* ask({ _tag, state, cut: state } as EventOf<Plain>)
  return honour(state, requests)
}
