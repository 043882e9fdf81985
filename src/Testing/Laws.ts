/** Laws of schedules, triggers, retentions and plans, as functions that check a value of yours. They throw with a counterexample. */
import assert from "node:assert/strict"
import { Result, Schema } from "effect"
import fc from "fast-check"
import { defined } from "../Defined.ts"
import { messageOf } from "../ErrorMessage.ts"
import type { Horizon } from "../Schedule/Horizon.ts"
import * as LearningRate from "../Schedule/LearningRate.ts"
import * as Plan from "../Schedule/Plan.ts"
import type { Retention } from "../Schedule/Retention.ts"
import type { Schedule } from "../Schedule/Schedule.ts"
import * as Trigger from "../Schedule/Trigger.ts"
import * as State from "../TrainerState.ts"
import * as Arbitraries from "./Arbitraries.ts"

/** How a law is checked. Each default suits a value that works for any run. */
export interface Options {
  /** Horizons to check with. Default: `Arbitraries.horizon`. */
  readonly horizon?: fc.Arbitrary<Horizon>
  /** Metrics, batches and losses of the simulated runs. Default: `Arbitraries.script`. */
  readonly script?: fc.Arbitrary<Plan.Script>
  /** Random runs to check. Default: 100. */
  readonly numRuns?: number
  /** Seed of the random runs, to repeat a failure. */
  readonly seed?: number
}

/**
 * Checks that a trigger is a pure function of the two states: it returns a boolean, gives the same answer again and after the states went through JSON,
 * changes neither state, and fires at the same steps when the run is interrupted and resumed.
 *
 * **Errors**: throws an `Error` with the law's name and fast-check's counterexample.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Trigger } from "regimen"
 * import { Laws } from "regimen/testing"
 *
 * Laws.trigger(Trigger.every("0.5ep"))
 * let calls = 0
 * assert.throws(() => Laws.trigger(() => calls++ % 3 === 0), /gives the same answer/)
 * ```
 */
export const trigger = (self: Trigger.Trigger.Input, options: Options = {}): void => {
  check("a trigger gives the same answer whenever it is asked", options, ({ horizon, script }) => {
    for (const [before, after] of transitions(horizon, script)) {
      const answer = self(frozen(before), frozen(after), horizon)
      assert.equal(typeof answer, "boolean", `it returned ${answer} at step ${after.step}`)
      assert.equal(self(before, after, horizon), answer, `another answer at step ${after.step} when asked again`)
      const decoded = self(throughJson(before), throughJson(after), horizon)
      assert.equal(decoded, answer, `another answer at step ${after.step} for states that went through JSON`)
    }
  })
  interrupted("a trigger fires at the same steps in a run that is interrupted and resumed", options, (horizon) =>
    planOf(horizon, { save: self })
  )
}

/**
 * Checks that a schedule is a pure function of the state: it never throws, gives the same value again and after the state went through JSON, and changes
 * no state. Values are compared with `Object.is` where they are primitive, else by structure.
 */
export const schedule = (self: Schedule.Input<unknown>, options: Options = {}): void =>
  check("a schedule gives the same value for the same state", options, ({ horizon, script }) => {
    for (const state of states(horizon, script)) {
      const value = self(frozen(state), horizon)
      assert.deepEqual(self(state, horizon), value, `another value at step ${state.step} when asked again`)
      assert.deepEqual(self(throughJson(state), horizon), value, `another value at step ${state.step} after JSON`)
    }
  })

/** Checks a schedule as the learning rate of a run: as `schedule` does, and that it is finite and not negative at every step. */
export const learningRate = (self: Schedule.Input<number>, options: Options = {}): void => {
  schedule(self, options)
  check("a learning rate is a finite number of at least 0", options, ({ horizon, script }) => {
    for (const state of states(horizon, script)) {
      const rate = self(state, horizon)
      assert.ok(Number.isFinite(rate) && rate >= 0, `it is ${rate} at step ${state.step} of ${horizon.maxSteps}`)
    }
  })
}

/** Checks a schedule as the end of a run: as `schedule` does, and that it stays true, so that a finished run stays finished when it is resumed. */
export const stop = (self: Schedule.Input<boolean>, options: Options = {}): void => {
  schedule(self, options)
  check("the end of a run stays true once it is", options, ({ horizon, script }) => {
    let stopped = false
    for (const state of states(horizon, script)) {
      const now = self(state, horizon)
      assert.ok(now || !stopped, `it is false again at step ${state.step}`)
      stopped = now
    }
  })
}

/**
 * Checks a retention: it keeps only checkpoints that exist, in order, each once; keeps the newest and the best while the run goes on; and keeps the
 * same when it is asked again.
 */
export const retention = (self: Retention, options: Pick<Options, "numRuns" | "seed"> = {}): void => {
  const property = fc.property(existing, fc.option(fc.nat()), (checkpoints, at) => {
    const newest = checkpoints.at(-1)!
    const best = at === null ? null : checkpoints[at % checkpoints.length]!
    const state = frozen({ ...State.initial, step: newest, checkpoints, bestCheckpoint: best })
    const remaining = self(state, false)
    const ordered = checkpoints.filter((step) => remaining.includes(step))
    assert.deepEqual(remaining, ordered, "it must return some of the existing checkpoints, in order")
    assert.ok(remaining.includes(newest), `it removes the newest checkpoint, ${newest}`)
    assert.ok(best === null || remaining.includes(best), `it removes the best checkpoint, ${best}`)
    assert.deepEqual(self({ ...state, checkpoints: remaining }, false), remaining, "it removes more when asked again")
    for (const step of self(state, true))
      assert.ok(checkpoints.includes(step), `at the end it lists ${step}, which does not exist`)
  })
  assertLaw("a retention keeps the newest and the best checkpoint", property, options)
}

/** Checks a plan: every run of it ends, and a run that is interrupted at any event and resumed ends in the same state, with the same checkpoints. */
export const plan = (self: Plan.Plan, options: Options = {}): void =>
  interrupted("an interrupted and resumed run ends in the state of the uninterrupted one", options, () => self)

interface Drawn {
  readonly horizon: Horizon
  readonly script: Plan.Script
}

/** Steps of the checkpoints on disk, oldest first. */
const existing = fc.uniqueArray(fc.nat(100), { minLength: 1, maxLength: 9 }).map((steps) => steps.sort((a, b) => a - b))

const check = (law: string, options: Options, holds: (drawn: Drawn) => void): void => {
  const { horizon = Arbitraries.horizon, script = Arbitraries.script } = options
  assertLaw(
    law,
    fc.property(horizon, script, (horizon, script) => holds({ horizon, script })),
    options
  )
}

const assertLaw = <Ts>(law: string, property: fc.IProperty<Ts>, { numRuns = 100, seed }: Options): void => {
  const found = fc.check(property, { numRuns, ...defined({ seed }) })
  if (!found.failed) return
  const { counterexample, counterexamplePath, errorInstance } = found
  const reason = messageOf(errorInstance)
  throw new Error(
    `Law violated: ${law}: ${reason}. Counterexample: ${fc.stringify(counterexample)} (seed ${found.seed}, path ${counterexamplePath})`,
    { cause: errorInstance }
  )
}

/** Checks the law of resumption for the runs of a plan. */
const interrupted = (law: string, options: Options, planFor: (horizon: Horizon) => Plan.Plan): void => {
  const { horizon = Arbitraries.horizon, script = Arbitraries.script } = options
  const places = fc.array(fc.nat(), { minLength: 1, maxLength: 4 })
  const property = fc.property(horizon, script, places, (horizon, script, places) => {
    const plan = planFor(horizon)
    const whole = Plan.simulate(plan, script)
    if (Result.isFailure(whole)) return // a stream that is too short: no run to interrupt
    const { events, state } = whole.success
    for (const place of places) {
      const event = events[place % events.length]!
      const resumed = Result.getOrThrow(Plan.simulate(plan, script, Plan.resume(throughJson(event.resumeState))))
      assert.deepEqual(encode(resumed.state), encode(state), `interrupted at ${event._tag} of step ${event.state.step}`)
    }
  })
  assertLaw(law, property, options)
}

const planOf = (horizon: Horizon, parts: Partial<Plan.Plan>): Plan.Plan =>
  Plan.make({ horizon, learningRate: LearningRate.constant({ peak: 1 }), sets: ["eval"], ...parts })

/** The states before and after each transition of a run. */
const transitions = (horizon: Horizon, script: Plan.Script): ReadonlyArray<readonly [State.TrainerState, State.TrainerState]> => {
  const pairs: Array<readonly [State.TrainerState, State.TrainerState]> = []
  const save = Trigger.make((before, after) => {
    pairs.push([before, after])
    return false
  })
  Plan.simulate(planOf(horizon, { save }), script)
  return pairs
}

const states = (horizon: Horizon, script: Plan.Script): ReadonlyArray<State.TrainerState> => [
  State.initial,
  ...transitions(horizon, script).map(([, after]) => after)
]

const encode = Schema.encodeSync(State.TrainerState)
const decode = Schema.decodeSync(State.TrainerState)
const throughJson = (state: State.TrainerState): State.TrainerState => decode(JSON.parse(JSON.stringify(encode(state))))

/** A state that throws where it is changed. */
const frozen = (state: State.TrainerState): State.TrainerState => {
  Object.freeze(state)
  for (const part of [state.position, state.asked, state.stop, state.losses, state.checkpoints]) Object.freeze(part)
  return state
}
