import { expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as LearningRate from "../../../src/Schedule/LearningRate.ts"
import * as State from "../../../src/TrainerState.ts"

const horizon = Horizon.make({ maxSteps: 10, batchesPerEpoch: 5 })
const rates = (rate: (state: State.TrainerState, horizon: Horizon.Horizon) => number, steps: ReadonlyArray<number>) =>
  steps.map((step) => rate({ ...State.initial, step }, horizon))

it("needs no numbers of the run", () => {
  const rate = LearningRate.linear({ peak: 1, warmup: "0.2dur", total: "1.5ep" })
  expect(rates(rate, [0, 1, 2, 5, 8, 9]).map((x) => Number(x.toFixed(12)))).toEqual([0, 0.5, 1, 0.5, 0, 0])
})

it("starts cosineFromFirst above zero and ends its warm-up at the peak", () => {
  const rate = LearningRate.cosineFromFirst({ peak: 1, warmup: 4, start: 0.25 })
  expect(rates(rate, [0, 1, 2, 3])).toEqual([0.25, 0.5, 0.75, 1])
})

it.each([
  [() => LearningRate.constant({ peak: -1 }), /peak is -1/],
  [() => LearningRate.linear({ peak: NaN }), /peak is NaN/],
  [() => LearningRate.cosine({ peak: 1, floor: -0.5 }), /floor is -0.5/],
  [() => LearningRate.cosineFromFirst({ peak: 1, start: -0.5 }), /start is -0.5/],
  [() => LearningRate.polynomial({ peak: 1e-8 }), /less than the peak/],
  [() => LearningRate.polynomial({ peak: 0.5, end: 0.5 }), /less than the peak/],
  [() => LearningRate.plateau({ peak: 1, metric: "m", mode: "min", factor: 1 }), /factor is 1/],
  [() => LearningRate.plateau({ peak: 1, metric: "m", mode: "min", factor: -0.1 }), /factor is -0.1/],
  [() => LearningRate.plateau({ peak: 1, metric: "m", mode: "min", floor: -0.5 }), /floor is -0.5/],
  [() => LearningRate.linear({ peak: 1, warmup: -3 }), /no span of training/],
  [() => LearningRate.linear({ peak: 1, warmup: "1e6tok" as "1ba" }), /before the run/]
] as ReadonlyArray<readonly [() => unknown, RegExp]>)("refuses what no learning rate can have: %s", (make, message) => {
  expect(make).toThrow(message)
})

it("is at its end from the total on, also where no update is left for the decay", () => {
  expect(rates(LearningRate.polynomial({ peak: 1, end: 0.25, warmup: 2, total: 2 }), [1, 2, 3])).toEqual([0.5, 0.25, 0.25])
  expect(rates(LearningRate.warmupStableDecay({ peak: 1, floor: 0.25, stable: 3, decay: 0 }), [2, 3, 4])).toEqual([1, 0.25, 0.25])
})

it("is 0 for a peak of 0", () => {
  expect(rates(LearningRate.cosine({ peak: 0 }), [0, 5, 10])).toEqual([0, 0, 0])
  expect(rates(LearningRate.cosineFromFirst({ peak: 0, start: 0, warmup: 2 }), [0, 1, 5])).toEqual([0, 0, 0])
})

/** The learning rates of a plateau without patience, after each evaluation. */
const plateaued = (options: Partial<LearningRate.Plateau>, losses: ReadonlyArray<number>) => {
  const plateau = LearningRate.plateau({ peak: 1, metric: "eval_loss", mode: "min", patience: 0, factor: 0.5, ...options })
  let state = State.initial
  return losses.map((eval_loss) => {
    state = State.evaluated(state, { eval_loss }, false)
    return plateau(state, horizon)
  })
}

it("compares with the best by a part of it, or by an amount", () => {
  expect(plateaued({ threshold: 0.125 }, [8, 7.5])).toEqual([1, 0.5])
  expect(plateaued({ threshold: 0.125, thresholdMode: "rel" }, [8, 6.5])).toEqual([1, 1])
  expect(plateaued({ threshold: 0.125, thresholdMode: "abs" }, [8, 7.5])).toEqual([1, 1])
})

it("may fall to 0, and does not fall by as little as epsilon", () => {
  expect(plateaued({ factor: 0 }, [1, 1])).toEqual([1, 0])
  expect(plateaued({ epsilon: 0.25 }, [1, 1, 1, 1])).toEqual([1, 0.5, 0.5, 0.5])
})

it("does not look at an evaluation before the first update, nor at one without the metric", () => {
  const plateau = LearningRate.plateau({ peak: 1, metric: "eval_loss", mode: "min", patience: 0, factor: 0.5 })
  const seen = (all: ReadonlyArray<readonly [Record<string, number>, boolean]>) =>
    plateau(
      all.reduce((state, [metrics, initial]) => State.evaluated(state, metrics, initial), State.initial),
      horizon
    )
  expect(
    seen([
      [{ eval_loss: 0 }, true],
      [{ eval_loss: 1 }, false]
    ])
  ).toBe(1)
  expect(
    seen([
      [{ eval_loss: 1 }, false],
      [{ other: 1 }, false]
    ])
  ).toBe(1)
  expect(
    seen([
      [{ eval_loss: 1 }, false],
      [{ eval_loss: 1 }, false]
    ])
  ).toBe(0.5)
  expect(
    seen([
      [{ eval_loss: Number.NaN }, false],
      [{ eval_loss: 1 }, false],
      [{ eval_loss: 0.5 }, false]
    ])
  ).toBe(0.5) // NaN is never better, in the first evaluation neither
})
