/** No request that an event allows is ever lost. */
import { Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Plan from "../../src/Schedule/Plan.ts"
import * as Plans from "../../src/Testing/Arbitraries.ts"

/** The requests that each event's type allows: kept equal to the type by the compiler. */
const allowed: { readonly [T in Plan.Tag]: ReadonlyArray<Plan.Requests[T]> } = {
  Initialized: [],
  Started: ["evaluate", "save", "stopRun"],
  EpochStarted: ["stopEpoch", "stopRun"],
  Microbatch: [],
  StepStarted: ["log", "evaluate", "save", "stopEpoch", "stopRun"],
  SubstepEnded: ["log", "evaluate", "save", "stopEpoch", "stopRun"],
  Updating: ["log", "evaluate", "save", "stopEpoch", "stopRun"],
  Updated: ["log", "evaluate", "save", "stopEpoch", "stopRun"],
  StepEnded: ["log", "evaluate", "save", "stopEpoch", "stopRun"],
  Logged: ["evaluate", "save", "stopEpoch", "stopRun"],
  Evaluate: [],
  EvaluationLogged: ["save", "stopEpoch", "stopRun"],
  Evaluated: ["save", "stopEpoch", "stopRun"],
  Saved: ["stopEpoch", "stopRun"],
  EpochEnded: ["log", "evaluate", "save", "stopRun"],
  Stalled: [],
  Summary: [],
  Finished: []
}

/** Whether a request made at event `at` was honoured. */
const honoured = (request: Plan.Request, events: ReadonlyArray<Plan.Event>, at: number): boolean => {
  const { state } = events[at]!
  const later = events.slice(at + 1)
  const before = (tag: Plan.Tag) => later.slice(0, (later.findIndex(({ _tag }) => _tag === tag) + 1 || later.length + 1) - 1)
  switch (request) {
    case "save": // at the end of the update that it was asked in, or at once where there is none
      return before("StepStarted").some(({ _tag }) => _tag === "Saved")
    case "evaluate":
      return before("StepStarted").some(({ _tag }) => _tag === "Evaluate")
    case "log": {
      // by the time the next update begins, or the run ends, the last step is logged
      const end = later.find(({ _tag }) => _tag === "StepStarted" || _tag === "Finished")!
      return end.state.loggedAt === end.state.step
    }
    case "stopRun": // the update that is being made is finished, no other begins
      return !later.some(({ _tag }) => _tag === "StepStarted")
    case "stopEpoch":
      return !state.open || !before("EpochEnded").some(({ _tag }) => _tag === "StepStarted")
  }
}

it("each one is honoured, wherever it is made", () => {
  const made = new Map<string, number>()
  fc.assert(
    fc.property(Plans.plan, Plans.script, fc.nat(), fc.nat(), (random, script, where, which) => {
      const plan = { ...random, sets: random.sets.length === 0 ? ["eval"] : random.sets }
      const first = Plan.simulate(plan, script)
      if (Result.isFailure(first)) return
      const places = first.success.events.flatMap((event, at) => (allowed[event._tag].length === 0 ? [] : [at]))
      const at = places[where % places.length]!
      const { _tag } = first.success.events[at]!
      const choices: ReadonlyArray<Plan.Request> = allowed[_tag]
      const request = choices[which % choices.length]!

      // the same run again, with the request made at that event
      let count = 0
      const target = first.success.events.slice(0, at + 1).filter((event) => event._tag === _tag).length
      const again = Plan.simulate(plan, { ...script, requests: { [_tag]: () => (++count === target ? [request] : []) } })
      if (Result.isFailure(again)) return // a stream that stalls later than it did
      made.set(`${_tag} ${request}`, (made.get(`${_tag} ${request}`) ?? 0) + 1)
      expect(honoured(request, again.success.events, at), `${request} at ${_tag}, event ${at}`).toBe(true)
    }),
    { numRuns: 3000 }
  )
  for (const [tag, requests] of Object.entries(allowed))
    for (const request of requests) expect(made.get(`${tag} ${request}`)).toBeGreaterThan(0)
})
