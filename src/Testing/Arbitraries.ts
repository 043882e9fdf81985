/** Arbitraries of horizons, spans, triggers, retentions, plans, scripts and states. */
import fc from "fast-check"
import * as Clock from "../Schedule/Clock.ts"
import * as Horizon from "../Schedule/Horizon.ts"
import * as LearningRate from "../Schedule/LearningRate.ts"
import * as Plan from "../Schedule/Plan.ts"
import * as Retention from "../Schedule/Retention.ts"
import * as Schedule from "../Schedule/Schedule.ts"
import * as Trigger from "../Schedule/Trigger.ts"
import * as State from "../TrainerState.ts"

export const horizon: fc.Arbitrary<Horizon.Horizon> = fc
  .record({
    batchesPerEpoch: fc.integer({ min: 1, max: 9 }),
    accumulation: fc.integer({ min: 1, max: 4 }),
    length: fc.oneof(
      fc.record({ epochs: fc.constantFrom(0.4, 1, 1.5, 2, 2.7, 3) }),
      fc.record({ maxSteps: fc.integer({ min: 1, max: 15 }) })
    )
  })
  .map(({ length, ...rest }) => Horizon.make({ ...rest, ...length }))

const mode = fc.constantFrom("min", "max")
export const goal: fc.Arbitrary<Schedule.Goal> = fc.record({ metric: fc.constantFrom("eval_a", "eval_b"), mode })

export const span: fc.Arbitrary<Clock.Span.Input> = fc.oneof(
  fc.integer({ min: 1, max: 7 }),
  fc.constantFrom<Clock.Span.Input>("1ep", "0.5ep", "0.1ep", "2ep", "3ba", "7sp", "11tok", "0.1dur", "0.3dur", "1dur"),
  fc.constant(Clock.span(1, Clock.epochsEnded))
)

const edge: fc.Arbitrary<Trigger.Trigger> = fc.oneof(
  { weight: 4, arbitrary: span.map(Trigger.every) },
  fc.constant(Trigger.never),
  fc.constant(Trigger.epochEnd),
  span.map(Trigger.reaches),
  goal.map((goal) => Trigger.changes(Schedule.bestStep(goal))),
  goal.map((goal) => Trigger.onset(Schedule.impatient({ ...goal, patience: 1 })))
)

export const trigger: fc.Arbitrary<Trigger.Trigger> = fc.oneof(
  { weight: 2, arbitrary: edge },
  fc.tuple(edge, edge).map(([a, b]) => Trigger.or(a, b)),
  fc.tuple(edge, edge).map(([a, b]) => a.pipe(Trigger.and(b))),
  fc.tuple(edge, span).map(([a, at]) => a.pipe(Trigger.when(Schedule.reached(at)))),
  edge.map(Trigger.not)
)

export const retention: fc.Arbitrary<Retention.Retention> = fc.oneof(
  fc.constant(Retention.keepAll),
  fc.integer({ min: 1, max: 4 }).map(Retention.keepLast)
)

export const plan: fc.Arbitrary<Plan.Plan> = fc
  .record({
    horizon,
    log: trigger,
    evaluate: trigger,
    save: trigger,
    stop: fc.oneof(
      { weight: 3, arbitrary: fc.constant<Schedule.Schedule<boolean>>(Schedule.constant(false)) },
      fc
        .tuple(goal, fc.integer({ min: 1, max: 3 }))
        .map(([goal, patience]) => Schedule.impatient({ ...goal, patience, threshold: 0.1 }))
    ),
    goal,
    retention,
    evaluateOnStart: fc.boolean(),
    sets: fc.constantFrom<ReadonlyArray<string>>([], ["eval"], ["a", "b"])
  })
  .map((options) => Plan.make({ ...options, learningRate: LearningRate.linear({ peak: 1, warmup: "0.1dur" }) }))

/** Answers of a simulated run: metrics by evaluation, batches by epoch (a stream may end early, or have no update), and what updates consume. */
export const script: fc.Arbitrary<Plan.Script> = fc
  .record({
    scores: fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 12 }),
    batches: fc.option(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 })),
    samples: fc.integer({ min: 1, max: 9 }),
    tokens: fc.integer({ min: 1, max: 30 })
  })
  .map(({ batches, samples, scores, tokens }) => ({
    [fc.toStringMethod]: () => JSON.stringify({ scores, batches, samples, tokens }), // in counterexamples, instead of the functions
    metrics: (set, evaluation) => ({ [set === "b" ? "eval_b" : "eval_a"]: scores[evaluation % scores.length]! / 6 }),
    consumed: (state) => ({
      samples: samples + (state.step % 3),
      tokens: tokens + (state.step % 5),
      inputTokens: 7 * tokens,
      flos: 1e9 * samples
    }),
    loss: (state) => state.step / 4,
    ...(batches === null ? {} : { batches: (epoch: number) => batches[epoch % batches.length]! })
  }))

export const state: fc.Arbitrary<State.TrainerState> = fc
  .record({
    step: fc.nat(1000),
    epoch: fc.nat(1000).map((n) => n / 7),
    position: fc.record({ epoch: fc.nat(9), batch: fc.nat(99) }),
    epochsEnded: fc.nat(9),
    open: fc.boolean(),
    loggedAt: fc.nat(1000),
    historyLength: fc.nat(1000),
    evaluations: fc.array(
      fc.record({
        step: fc.nat(1000),
        epoch: fc.nat(1000).map((n) => n / 7),
        initial: fc.boolean(),
        metrics: fc.dictionary(
          fc.string(),
          fc.double({ noDefaultInfinity: true, noNaN: true }).map((x) => x + 0)
        )
      }),
      { maxLength: 5 }
    ),
    checkpoints: fc.array(fc.nat(1000)),
    bestCheckpoint: fc.option(fc.nat(1000)),
    asked: fc.record({ log: fc.boolean(), evaluate: fc.boolean(), save: fc.boolean() }),
    between: fc.boolean(),
    stop: fc.record({ epoch: fc.boolean(), run: fc.boolean() }),
    samples: fc.nat(),
    tokens: fc.nat(),
    inputTokens: fc.nat(),
    flos: fc.nat(),
    losses: fc.record({ sinceLog: fc.nat(99).map((n) => n / 8), total: fc.nat(99).map((n) => n / 8) }),
    lastUpdate: fc.record({ learningRate: fc.nat(99).map((n) => n / 1e5), gradNorm: fc.nat(99).map((n) => n / 8) }),
    pending: fc.constantFrom(null, "Updated", "StepEnded", "EpochEnded"),
    callbacks: fc.dictionary(
      fc.string(),
      fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)))
    )
  })
  .map(({ between, evaluations, ...rest }) => {
    const state = { ...rest, settling: null, evaluations: State.fromArray(evaluations) }
    return between ? { ...state, settling: State.standing(state) } : state
  })
