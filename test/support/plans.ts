/** Random plans for the tiny task, and the steps at which their runs are interrupted. */
import fc from "fast-check"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import type * as Plan from "../../src/Schedule/Plan.ts"
import * as Retention from "../../src/Schedule/Retention.ts"
import * as Schedule from "../../src/Schedule/Schedule.ts"
import * as Trigger from "../../src/Schedule/Trigger.ts"

export interface Shape {
  readonly epochs: number
  readonly batchSize: number
  readonly accumulation: number
  readonly log: number
  readonly evaluate: number
  readonly save: number
  readonly keep: number
  readonly sets: ReadonlyArray<string>
  readonly atEpochs: boolean
  readonly cuts: ReadonlyArray<number>
  readonly background: boolean
}
/** A shape of two epochs that saves after each update and evaluates nothing; override what a test is about. */
export const baseShape: Shape = {
  epochs: 2,
  batchSize: 2,
  accumulation: 1,
  log: 2,
  evaluate: 2,
  save: 1,
  keep: 0,
  sets: [],
  atEpochs: false,
  cuts: [],
  background: false
}

export const shapes: fc.Arbitrary<Shape> = fc.record({
  epochs: fc.constantFrom(1, 2, 1.5, 2.2),
  batchSize: fc.integer({ min: 2, max: 5 }),
  accumulation: fc.integer({ min: 1, max: 3 }),
  log: fc.integer({ min: 1, max: 4 }),
  evaluate: fc.integer({ min: 1, max: 4 }),
  save: fc.integer({ min: 1, max: 5 }),
  keep: fc.integer({ min: 0, max: 3 }),
  sets: fc.constantFrom(["eval"], ["eval_a", "eval_b"], []),
  atEpochs: fc.boolean(),
  cuts: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 }),
  background: fc.boolean()
})

export const planOf = (shape: Shape, batchesPerEpoch: number): Plan.Plan => ({
  horizon: Horizon.make({ epochs: shape.epochs, batchesPerEpoch, accumulation: shape.accumulation }),
  learningRate: (state, horizon) => 0.05 * (1 - state.step / horizon.maxSteps),
  log: Trigger.every(shape.log),
  evaluate:
    shape.sets.length === 0
      ? Trigger.never
      : shape.atEpochs
        ? Trigger.or(Trigger.epochEnd, shape.evaluate < 3 ? Trigger.never : Trigger.every(shape.evaluate)) // both: some steps are evaluated twice
        : Trigger.every(shape.evaluate),
  save: Trigger.every(shape.save).pipe(Trigger.or(Trigger.onset((state, horizon) => state.step >= horizon.maxSteps))),
  stop: () => false,
  best: Schedule.bestStep({ metric: `${shape.sets[0] ?? "eval"}_loss`, mode: "min" }),
  retention: shape.keep === 0 ? Retention.keepAll : Retention.keepLast(shape.keep),
  restoreBest: shape.keep === 2 && shape.sets.length > 0,
  evaluateOnStart: shape.log === 1,
  watches: [],
  sets: shape.sets
})
