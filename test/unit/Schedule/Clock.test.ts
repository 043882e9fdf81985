import { describe, expect, it } from "vitest"
import * as Clock from "../../../src/Schedule/Clock.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as State from "../../../src/TrainerState.ts"

const whole = (over: number, clock: Clock.Clock) => ({ count: { over, under: 1 }, clock })

describe("fromInput", () => {
  it.each([
    [500, whole(500, Clock.steps)],
    ["500ba", whole(500, Clock.steps)],
    ["2ep", whole(2, Clock.epochs)],
    ["0.25ep", { count: { over: 1, under: 4 }, clock: Clock.epochs }],
    ["10_000sp", whole(10_000, Clock.samples)],
    ["1e6tok", whole(1_000_000, Clock.tokens)],
    ["1.5e3tok", whole(1500, Clock.tokens)],
    ["2e+10tok", whole(20_000_000_000, Clock.tokens)],
    ["5e-1ep", { count: { over: 1, under: 2 }, clock: Clock.epochs }],
    ["0.5dur", { count: { over: 1, under: 2 }, clock: Clock.run }],
    [" 3 ep ", whole(3, Clock.epochs)],
    ["0ep", whole(0, Clock.epochs)]
  ] as ReadonlyArray<readonly [Clock.Span.Input, Clock.Span]>)("reads %j", (input, span) => {
    expect(Clock.fromInput(input)).toEqual(span)
  })

  it.each(["ep", "2", "2 epochs", "-1ep", "1e6", "0x3ep", "2eptok", "", "..5ep", "1__sp!", "Infinityba", "NaNep", "1e999tok"])(
    "refuses %j at once",
    (written) => {
      expect(() => Clock.fromInput(written as "1ep")).toThrow(Clock.InvalidSpan)
      expect(() => Clock.fromInput(written as "1ep")).toThrow(/"2ep" \(epochs\)/)
    }
  )

  it.each([NaN, Infinity, -1, 2.5])("refuses %d updates", (steps) => {
    expect(() => Clock.fromInput(steps)).toThrow(Clock.InvalidSpan)
  })

  it("refuses a part of what cannot be divided", () => {
    for (const written of ["0.5ba", "1.5sp", "2.5tok"] as const) expect(() => Clock.fromInput(written)).toThrow(/whole numbers/)
  })
})

describe("planned", () => {
  it("refuses spans whose place is unknown before the run", () => {
    for (const written of ["9sp", "9tok"]) expect(() => Clock.planned(written as "9ba")).toThrow(/before the run/)
  })
})

describe("toSteps", () => {
  const horizon = Horizon.make({ epochs: 3, batchesPerEpoch: 7, accumulation: 2 }) // 4 updates an epoch, the last of one batch

  it.each([
    [5, 5],
    ["1ep", 4],
    ["2ep", 8],
    ["0.5ep", 2],
    ["1.5ep", 6],
    ["0.1dur", 2],
    ["1dur", 12],
    [0, 0]
  ] as ReadonlyArray<readonly [Clock.Span.Planned, number]>)("%j is update %i", (span, steps) => {
    expect(Clock.toSteps(Clock.planned(span), horizon)).toBe(steps)
  })

  it("is never reached where the length of an epoch is unknown", () => {
    const stream = Horizon.make({ maxSteps: 9, batchesPerEpoch: Infinity })
    expect(Clock.toSteps(Clock.planned("1ep"), stream)).toBe(Infinity)
    expect(Clock.toSteps(Clock.planned("0ep"), stream)).toBe(0)
    expect(Clock.toSteps(Clock.planned("0.5dur"), stream)).toBe(5)
  })
})

it("sees whole epochs only in a stream", () => {
  const stream = Horizon.make({ maxSteps: 9, batchesPerEpoch: Infinity })
  const at = (epoch: number, batch: number) => ({ ...State.initial, position: { epoch, batch } })
  expect(Clock.passed(Clock.fromInput("1ep"), at(0, 500), stream)).toBe(0)
  expect(Clock.passed(Clock.fromInput("1ep"), at(2, 5), stream)).toBe(2)
})

it("rewinds steps alone where the length of an epoch is unknown", () => {
  const stream = Horizon.make({ maxSteps: 9, batchesPerEpoch: Infinity })
  const state = { ...State.initial, step: 7, epoch: 2, samples: 28, position: { epoch: 2, batch: 1 } }
  expect(Clock.rewind(state, stream, 5)).toEqual({ ...state, step: 2 })
})

it("rewinds from the middle of an epoch", () => {
  const horizon = Horizon.make({ epochs: 3, batchesPerEpoch: 7, accumulation: 2 })
  const state = { ...State.initial, step: 7, epoch: 1 + 6 / 7, position: { epoch: 1, batch: 6 } }
  expect(Clock.rewind(state, horizon, 5)).toEqual({ ...State.initial, step: 2, epoch: 4 / 7, position: { epoch: 0, batch: 4 } })
})
