/** A run without training: `play` is answered from a script instead of with effects. */
import { Result, Schema } from "effect"
import type { Callbacks, Consumed, TrainerState } from "../TrainerState.ts"
import * as State from "../TrainerState.ts"
import type { AnswerOf, Event, EventOf, Metrics, Reply, Requests, Tag } from "./Event.ts"
import { PlanFailed } from "./PlanFailed.ts"
import type { Plan } from "./PlanType.ts"
import { play } from "./Play.ts"

/** The answers to the loop's questions. Every field is optional. */
export interface Script {
  /** Micro-batches in an epoch; for streams, of which the horizon doesn't know. */
  readonly batches?: (epoch: number) => number
  /** What an update consumes; nothing by default. */
  readonly consumed?: (state: TrainerState) => Consumed
  /** The sum of losses since the last log; 0 by default. */
  readonly loss?: (state: TrainerState) => number
  /** What an evaluation of a set finds; nothing by default. `evaluation` counts evaluations, from 0. */
  readonly metrics?: (set: string, evaluation: number, state: TrainerState) => Metrics
  /** What observers ask for, by event. */
  readonly requests?: Observed
  /** What callbacks remember from an event on. */
  readonly callbacks?: (event: Event) => Callbacks
}

export type Observed = { readonly [T in Tag]?: (event: EventOf<T>) => ReadonlyArray<Requests[T]> }

export interface Simulation {
  readonly events: ReadonlyArray<Event>
  /** The state at the end. */
  readonly state: TrainerState
}

/** A whole epoch without an update: the run would never end. */
export class Stalled extends Schema.TaggedError<Stalled>()("Stalled", {
  epoch: Schema.Number,
  step: Schema.Number,
  accumulation: Schema.Number
}) {
  override get message(): string {
    const cause =
      this.accumulation === 1 ? "it has no batch" : `it has fewer than the ${this.accumulation} micro-batches of an update`
    return `Epoch ${this.epoch + 1} would end without an update: ${cause}. Give more data, or a smaller batch size or gradient_accumulation_steps.`
  }
}

/**
 * Plays a plan against a script, from a state to the end of the run.
 *
 * **Law**: it ends (test/property/play.test.ts), and the driver's events are these (test/property/driver.test.ts).
 *
 * **Errors**: `Stalled` where an epoch has no update, `PlanFailed` where a function of the plan throws.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Result } from "effect"
 * import { Horizon, LearningRate, Plan, Trigger } from "regimen"
 *
 * const horizon = Horizon.make({ epochs: 2, batchesPerEpoch: 3 })
 * const plan = Plan.make({ horizon, learningRate: LearningRate.linear({ peak: 0.1 }), save: Trigger.every(4) })
 * const { events, state } = Result.getOrThrow(Plan.simulate(plan))
 * assert.equal(state.step, 6)
 * assert.deepEqual(events.filter((event) => event._tag === "Saved").map((event) => event.state.step), [4])
 * ```
 */
export const simulate = (
  plan: Plan,
  script: Script = {},
  from: TrainerState = State.initial
): Result.Result<Simulation, Stalled | PlanFailed> => {
  const events: Array<Event> = []
  const loop = play(plan, from)
  const next = (event: Event) => {
    try {
      return loop.next(reply(plan, script, event))
    } catch (error) {
      if (error instanceof PlanFailed) return error
      throw error
    }
  }
  let turn: ReturnType<typeof next> = loop.next()
  for (;;) {
    if (turn instanceof PlanFailed) return Result.fail(turn)
    if (turn.done) return Result.succeed({ events, state: turn.value })
    const event = turn.value
    events.push(event)
    if (event._tag === "Stalled") {
      const { position, step } = event.state
      return Result.fail(new Stalled({ epoch: position.epoch, step, accumulation: plan.horizon.accumulation }))
    }
    turn = next(event)
  }
}

const reply = (plan: Plan, script: Script, event: Event): Reply => ({
  answer: answer(plan, script, event),
  requests: requested(script.requests, event),
  ...(script.callbacks === undefined ? {} : { callbacks: script.callbacks(event) })
})

const answer = (plan: Plan, script: Script, event: Event): AnswerOf<Tag> => {
  switch (event._tag) {
    case "Microbatch": {
      const { batch, epoch } = event.state.position
      return batch < (script.batches?.(epoch) ?? plan.horizon.batchesPerEpoch)
    }
    case "Updating":
      return script.consumed?.(event.state) ?? { samples: 0, tokens: 0 }
    case "Logged":
      return script.loss?.(event.state) ?? 0
    case "Evaluate":
      return script.metrics?.(event.set, event.state.evaluations?.size ?? 0, event.state) ?? {}
    default:
      return undefined
  }
}

/** What a script asks for at an event. */
const requested = <T extends Tag>(requests: Observed | undefined, event: EventOf<T>): ReadonlyArray<Requests[T]> =>
  (requests?.[event._tag as T] as ((event: EventOf<T>) => ReadonlyArray<Requests[T]>) | undefined)?.(event) ?? []
