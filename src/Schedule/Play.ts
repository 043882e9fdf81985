/** `play` is the whole training loop, written once, as a pure generator of events; the caller answers each question. */
import type { TrainerState } from "../TrainerState.ts"
import * as State from "../TrainerState.ts"
import type { Event, EventOf, Metrics, Plain, Reply, Request } from "./Event.ts"
import { guarded } from "./PlanFailed.ts"
import type { Plan } from "./PlanType.ts"

type Play<A> = Generator<Event, A, Reply>

/** The replies of observers and callbacks to an event. */
type Replies = Pick<Reply, "callbacks"> & { readonly requests?: ReadonlyArray<Request> }

/** Applies observer requests and callback state to the training state. */
export const applyReplies = (state: TrainerState, { callbacks = state.callbacks, requests = [] }: Replies): TrainerState => {
  if (requests.length === 0 && callbacks === state.callbacks) return state
  let { asked, stop } = state
  for (const request of requests) {
    if (request === "stopRun") stop = { ...stop, run: true }
    else if (request === "stopEpoch") stop = { ...stop, epoch: true }
    else asked = { ...asked, [request]: true }
  }
  return { ...state, asked, stop, callbacks }
}

/** Restores the callback state of an earlier training state: a resumed run repeats the events since then, and with them the callbacks' replies. */
const restoreCallbacks = (state: TrainerState, { callbacks }: TrainerState): TrainerState =>
  state.callbacks === callbacks ? state : { ...state, callbacks }

/**
 * Returns the state to resume a run from. A requested stop of the run is cleared (the plan's own stop condition is evaluated again); all else is
 * unchanged. `checkpoints` are those on disk now.
 *
 * **Source**: `ignoreDataSkip` is `ignore_data_skip`: the epoch's data start again.
 */
export const resume = (
  state: TrainerState,
  options: { readonly checkpoints?: ReadonlyArray<number>; readonly ignoreDataSkip?: boolean } = {}
): TrainerState => ({
  ...state,
  stop: { ...state.stop, run: false },
  checkpoints: options.checkpoints ?? state.checkpoints,
  // a fully consumed epoch has no data left to restart
  position:
    options.ignoreDataSkip === true && state.epoch !== state.position.epoch + 1 ? { ...state.position, batch: 0 } : state.position
})

/**
 * Plays a plan from a state to its end. The driver answers with effects, `simulate` with a script: they agree by construction.
 *
 * **Law**: a run interrupted at any event and played again from that event's `resumeState` has the same rest and ends in the same state
 * (test/property/play.test.ts).
 *
 * **Errors**: throws `PlanFailed` instead of moving on when a function of the plan throws. The event before it stays the one to resume from.
 */
export function* play(given: Plan, start: TrainerState): Play<TrainerState> {
  const plan = guarded(given)
  const { epochs } = plan.horizon
  let state = restoreCallbacks(yield* notify("Started", restoreCallbacks(yield* notify("Initialized", start), start)), start)
  if (plan.evaluateOnStart && state.step === 0 && state.evaluations === null) state = yield* evaluation(plan, state, true)
  state = yield* reportEnd(plan, applyStop(plan, state)) // what an interrupted run had decided and not yet done
  while (state.open || (state.position.epoch < epochs && !state.stop.run)) {
    const started = yield* notify("EpochStarted", State.epochStarted(state), state)
    const epoch = yield* batches(plan, state.open ? restoreCallbacks(started, state) : started)
    state = epoch.state
    if (epoch.exhausted && state.position.batch === 0) {
      yield* ask({ _tag: "Stalled", state, resumeState: state }) // no update in a whole epoch: it would never end
      return state
    }
    const after = applyTriggers(plan, state, State.epochEnded(state, epoch.exhausted))
    state = yield* reportEnd(plan, { ...after, pending: "EpochEnded" })
  }
  const last = { ...state, asked: { ...state.asked, log: false } }
  const summed = restoreCallbacks(yield* notify("Summary", State.entryLogged(last), last), last)
  const finished = { ...summed, checkpoints: plan.retention(summed, true) }
  // Resuming a finished run logs the summary again, so its resume state does not count that entry.
  return restoreCallbacks(yield* notify("Finished", finished, { ...finished, historyLength: last.historyLength }), last)
}

/** The micro-batches of an epoch from the cursor on, until the data or a stop ends them. */
function* batches(plan: Plan, start: TrainerState): Play<{ readonly state: TrainerState; readonly exhausted: boolean }> {
  const { accumulation, batchesPerEpoch } = plan.horizon
  let state = start
  let lastUpdated = start // callback state of a step is committed with its update
  let batch = state.position.batch
  while (!state.stop.run && !state.stop.epoch) {
    if (batch === batchesPerEpoch) return { state: restoreCallbacks(state, lastUpdated), exhausted: true }
    const cursor = { ...state, position: { ...state.position, batch } }
    const { answer: more } = yield* ask({ _tag: "Microbatch", state: cursor, resumeState: restoreCallbacks(state, lastUpdated) })
    if (!more) return { state: restoreCallbacks(state, lastUpdated), exhausted: true }
    if (batch % accumulation === 0) {
      const started = { ...state, asked: State.nothingAsked }
      state = yield* notify("StepStarted", started, restoreCallbacks(started, lastUpdated))
    }
    batch++
    if (batch % accumulation !== 0 && batch !== batchesPerEpoch) {
      state = yield* notify("SubstepEnded", state, restoreCallbacks(state, lastUpdated))
      continue
    }
    const reply = yield* ask({ _tag: "Updating", state, resumeState: restoreCallbacks(state, lastUpdated) })
    const before = applyReplies(state, reply)
    const after = applyTriggers(plan, before, State.stepEnded(before, batch, batchesPerEpoch, reply.answer))
    // The weights are already updated, so a resume from here starts after the update.
    state = lastUpdated = yield* reportEnd(plan, { ...after, pending: "Updated" }, before)
  }
  return { state: restoreCallbacks(state, lastUpdated), exhausted: batch === batchesPerEpoch }
}

/** Reports the end of a step or an epoch that is not yet reported (`pending`), then settles. `before` is the state before the update. */
function* reportEnd(plan: Plan, start: TrainerState, before = State.before(start)): Play<TrainerState> {
  let state = start
  if (state.pending === "Updated") {
    const updated = yield* ask({ _tag: "Updated", state: before, resumeState: state })
    state = { ...applyReplies(state, updated), pending: "StepEnded" }
  }
  if (state.pending !== null) {
    const reported = yield* notify(state.pending === "EpochEnded" ? "EpochEnded" : "StepEnded", state)
    state = { ...reported, pending: null }
  }
  return yield* settle(plan, state)
}

/** Carries out the requests in `asked`: log, evaluate, save, so that a checkpoint includes the log and the evaluation of its step. After an interruption, those left follow. */
function* settle(plan: Plan, start: TrainerState): Play<TrainerState> {
  let state = start
  if (state.asked.log && state.step > state.loggedAt) {
    const logged = yield* ask({ _tag: "Logged", state: State.logged(state, 0), resumeState: state })
    state = applyReplies(State.logged(state, logged.answer), logged)
  }
  if (state.asked.evaluate) {
    state = yield* evaluation(plan, state, false)
    const save = state.asked.save || plan.save(State.before(start), state, plan.horizon) // "save best" sees the evaluation just made
    state = { ...state, asked: { ...state.asked, evaluate: false, save } }
  }
  if (state.asked.save) {
    const checkpoints = [...state.checkpoints.filter((step) => step !== state.step), state.step].sort((a, b) => a - b)
    const best = plan.best(state, plan.horizon)
    const bestCheckpoint = checkpoints.find((step) => step === best) ?? state.bestCheckpoint
    const saved = { ...state, checkpoints, bestCheckpoint, asked: { ...state.asked, save: false } }
    const retained = new Set([...plan.retention(saved, false), state.step]) // what was just saved stays, whatever the retention
    state = yield* notify("Saved", { ...saved, checkpoints: checkpoints.filter((step) => retained.has(step)) })
  }
  return State.settled(state)
}

/** Evaluates every set; an interrupted evaluation is made again, whole. Early stopping sees each set as it is reported, `best` all together. */
function* evaluation(plan: Plan, start: TrainerState, initial: boolean): Play<TrainerState> {
  let state = start
  let merged: Metrics = {}
  for (const set of plan.sets) {
    const { answer: metrics } = yield* ask({ _tag: "Evaluate", state, resumeState: start, set })
    merged = { ...merged, ...metrics }
    const logged = State.entryLogged({ ...state, asked: { ...state.asked, log: false } })
    const withRequests = applyReplies(logged, yield* ask({ _tag: "EvaluationLogged", state: logged, resumeState: start, set }))
    const withStop = { ...withRequests, stop: applyStop(plan, State.evaluated(withRequests, metrics, initial)).stop }
    state = applyReplies(withStop, yield* ask({ _tag: "Evaluated", state: withStop, resumeState: start, set, metrics }))
  }
  return State.evaluated(state, merged, initial)
}

/** Sets `stop.run` once the plan's last step is reached or its stop condition holds. */
const applyStop = (plan: Plan, state: TrainerState): TrainerState =>
  !state.stop.run && (state.step >= plan.horizon.maxSteps || plan.stop(state, plan.horizon))
    ? { ...state, stop: { ...state.stop, run: true } }
    : state

/** Adds to the requests of a transition those of the plan's log, evaluate and save triggers, then applies the plan's stop condition. */
const applyTriggers = (plan: Plan, before: TrainerState, after: TrainerState): TrainerState =>
  applyStop(plan, {
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

/** Yields an event that needs no answer, and applies the reply. */
function* notify(_tag: Plain, state: TrainerState, resumeState = state): Play<TrainerState> {
  return applyReplies(state, yield* ask({ _tag, state, resumeState } as EventOf<Plain>))
}
