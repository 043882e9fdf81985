/** Laws of the loop: it ends; a run interrupted anywhere and played on is the uninterrupted run. */
import { Result, Schema } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Plan from "../../src/Schedule/Plan.ts"
import * as Plans from "../../src/Testing/Arbitraries.ts"
import * as State from "../../src/TrainerState.ts"

const encode = Schema.encodeSync(State.TrainerState)
const decode = Schema.decodeSync(State.TrainerState)
const throughJson = (state: State.TrainerState) => decode(JSON.parse(JSON.stringify(encode(state))))

/**
 * An event without its resume state. A request to log what has been logged is ignored: it stays set until the next update or the run begins. The
 * requests at an update that is reported again are those decided after it.
 */
const comparable = ({ resumeState: _, ...event }: Plan.Event) => {
  const { asked, loggedAt, step } = event.state
  if (event._tag === "Updated")
    return { ...event, state: encode({ ...event.state, asked: State.nothingAsked, stop: State.initial.stop }) }
  return { ...event, state: encode({ ...event.state, asked: { ...asked, log: asked.log && step > loggedAt } }) }
}

/** Callbacks that count their events. A save is on disk before they are notified, so its count is the next checkpoint's. */
const counting = (event: Plan.Event): State.Callbacks => {
  const { callbacks } = event.state
  return event._tag === "Saved" ? callbacks : { ...callbacks, [event._tag]: Number(callbacks[event._tag] ?? 0) + 1 }
}

/** Where the events go on after an interruption at event `at`: what the resumed state does not hold yet is played again. */
const goesOn = (events: ReadonlyArray<Plan.Event>, at: number): number => {
  const event = events[at]!
  const back = (is: (event: Plan.Event) => boolean) => events.findLastIndex((event, i) => i <= at && is(event))
  switch (event._tag) {
    case "Initialized":
      return at + 2
    case "Updated":
    case "StepEnded":
    case "EpochEnded": // an end that is not reported yet
    case "Logged":
    case "Summary":
      return at
    case "EpochStarted":
      return event.resumeState.open ? at + 1 : at
    case "Evaluate":
    case "EvaluationLogged":
    case "Evaluated": // an interrupted evaluation is made again, whole
      return firstOfEvaluation(events, at)
    case "Microbatch":
    case "StepStarted":
    case "SubstepEnded":
    case "Updating": // an update that is not complete is made again
      return back(({ _tag, state }) => _tag === "Microbatch" && state.position.batch === event.resumeState.position.batch)
    default:
      return at + 1
  }
}

const firstOfEvaluation = (events: ReadonlyArray<Plan.Event>, at: number): number =>
  events.findLastIndex((event, i) => i < at && !evaluating.has(event._tag)) + 1
const evaluating = new Set<Plan.Tag>(["Evaluate", "EvaluationLogged", "Evaluated"])

/** A resumed run opens again: the run, and the epoch that it was in. */
const afterOpening = ([, , ...events]: ReadonlyArray<Plan.Event>, cut: State.TrainerState): ReadonlyArray<Plan.Event> => {
  const again = cut.open ? events.findIndex(({ _tag }) => _tag === "EpochStarted") : -1
  return events.filter((_, i) => i !== again)
}

it("ends", () => {
  fc.assert(
    fc.property(Plans.plan, Plans.script, (plan, script) => {
      const played = Plan.simulate(plan, script)
      if (Result.isFailure(played)) {
        expect(script.batches).toBeDefined()
        expect(played.failure.message).toMatch(/without an update/)
        return
      }
      const { events, state } = played.success
      expect(events.at(-1)?._tag).toBe("Finished")
      expect(state.step).toBeLessThanOrEqual(plan.horizon.maxSteps)
      expect(events.filter(({ _tag }) => _tag === "StepEnded").length).toBe(state.step)
    }),
    { numRuns: 1000 }
  )
})

it("a run interrupted at any event and resumed has the same rest and the same end", () => {
  let cuts = 0
  fc.assert(
    fc.property(Plans.plan, Plans.script, fc.array(fc.nat(), { minLength: 1, maxLength: 6 }), (plan, script, where) => {
      const whole = Plan.simulate(plan, { ...script, callbacks: counting })
      if (Result.isFailure(whole)) return
      const { events, state } = whole.success
      expect(state.callbacks.StepEnded).toBe(state.step || undefined)
      for (const at of where.map((n) => n % events.length)) {
        cuts++
        const { resumeState: cut } = events[at]!
        const resumed = Result.getOrThrow(Plan.simulate(plan, { ...script, callbacks: counting }, Plan.resume(throughJson(cut))))
        expect(encode(resumed.state)).toEqual(encode(state))
        if (events[at]!._tag === "Finished") {
          // the last pass over the disk is made: nothing is left but to say so again
          expect(resumed.events.map(({ _tag }) => _tag)).toEqual(["Initialized", "Started", "Summary", "Finished"])
          continue
        }
        expect(afterOpening(resumed.events, cut).map(comparable)).toEqual(events.slice(goesOn(events, at)).map(comparable))
      }
    }),
    { numRuns: 300 }
  )
  expect(cuts).toBeGreaterThan(500)
})

it("data that are not sought start again in an epoch that has some left, of known length or not, and not in one that is used up", () => {
  const cut = (batch: number, batchesPerEpoch: number) =>
    Plan.resume(
      { ...State.initial, step: batch, epoch: 1 + batch / batchesPerEpoch, position: { epoch: 1, batch }, open: true },
      { ignoreDataSkip: true }
    ).position
  expect(cut(3, 6)).toEqual({ epoch: 1, batch: 0 })
  expect(cut(3, Infinity)).toEqual({ epoch: 1, batch: 0 })
  expect(cut(6, 6)).toEqual({ epoch: 1, batch: 6 })
})
