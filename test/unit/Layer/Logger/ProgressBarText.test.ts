import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as TextWidth from "../../../../src/Format/TextWidth.ts"
import * as ProgressBarText from "../../../../src/Layer/Logger/ProgressBarText.ts"
import * as Throughput from "../../../../src/Layer/Logger/Throughput.ts"
import * as Horizon from "../../../../src/Schedule/Horizon.ts"
import * as State from "../../../../src/TrainerState.ts"

const horizon = Horizon.make({ epochs: 3, batchesPerEpoch: 100 })
const meter = Throughput.observe(Throughput.observe(Throughput.empty, 0, 0), 10, 150)
const view: ProgressBarText.View = {
  train: { now: { phase: "train", state: { ...State.initial, step: 150, epoch: 1.5 }, horizon }, meter },
  aside: { now: { phase: "eval", state: State.initial, horizon, set: "eval", done: 5, total: 20 }, meter: Throughput.empty },
  figures: { loss: 0.123456, learning_rate: 5e-5 },
  now: 10
}

describe("Bar", () => {
  it.each([
    [
      100,
      "epoch 1.50/3  ━━━━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄  150/300  50%  15.0 steps/s  ETA 10s  loss 0.1235  lr 5e-05",
      "eval  ━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  5/20  25%"
    ],
    [
      60,
      "150/300  ━━━━━━━╸┄┄┄┄┄┄┄  15.0 steps/s  ETA 10s  loss 0.1235",
      "eval  ━━━━━━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  5/20  25%"
    ],
    [30, "150/300  ━━━━━━━━━━╸┄┄┄┄┄┄┄┄┄┄", "eval  ━━━╸┄┄┄┄┄┄┄┄┄  5/20  25%"]
  ])("at %d columns", (columns, train, aside) => {
    expect(ProgressBarText.render(view, columns)[0]).toBe(train)
    expect(ProgressBarText.render(view, columns)[1]).toBe(aside)
  })

  it("draws no bar if the total is unknown", () => {
    const stream = { ...horizon, maxSteps: Infinity, epochs: Infinity }
    const lines = ProgressBarText.render(
      { ...view, train: { ...view.train!, now: { ...view.train!.now, horizon: stream } }, aside: null },
      80
    )
    expect(lines).toEqual(["epoch 1.50  150  15.0 steps/s  loss 0.1235  lr 5e-05"])
  })

  it("fits, whatever the numbers are", () => {
    const number = fc.oneof(fc.double(), fc.nat(), fc.constantFrom(0, Infinity, NaN))
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        number,
        number,
        number,
        number,
        fc.string(),
        (columns, step, max, loss, done, set) => {
          const now = {
            phase: "train",
            state: { ...State.initial, step, epoch: step },
            horizon: { ...horizon, maxSteps: max }
          } as const
          const aside = { phase: "eval", state: State.initial, horizon, set, done, total: max } as const
          for (const line of ProgressBarText.render(
            { train: { now, meter }, aside: { now: aside, meter }, figures: { loss }, now: 20 },
            columns
          )) {
            expect(TextWidth.width(line)).toBeLessThanOrEqual(columns)
            expect(TextWidth.clean(line)).toBe(line)
          }
        }
      ),
      { numRuns: 400 }
    )
  })
})

describe("Meter", () => {
  it("knows nothing at first, then the speed and what is left", () => {
    expect(Throughput.perSecond(Throughput.observe(Throughput.empty, 5, 3))).toBeNaN()
    expect(Throughput.perSecond(meter)).toBe(15)
    expect(Throughput.left(meter, 10, 300)).toBe(10)
  })

  it("leaves a pause out of the speed, and in what is left", () => {
    const paused = Throughput.observe(Throughput.pause(meter, 10), 30, 300)
    expect(Throughput.perSecond(paused)).toBe(15)
    expect(Throughput.left(paused, 30, 400)).toBe(10)
  })

  it("starts again when what is done shrinks", () => {
    const again = Throughput.observe(meter, 11, 0)
    expect(Throughput.perSecond(again)).toBeNaN()
    expect(Throughput.perSecond(Throughput.observe(again, 13, 10))).toBe(5)
  })
})
