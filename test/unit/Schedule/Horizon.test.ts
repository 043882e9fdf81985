import { describe, expect, it } from "vitest"
import * as Horizon from "../../../src/Schedule/Horizon.ts"

describe("make", () => {
  it("defaults to one epoch and no accumulation", () => {
    expect(Horizon.make({ batchesPerEpoch: 7 })).toEqual({ maxSteps: 7, epochs: 1, batchesPerEpoch: 7, accumulation: 1 })
  })
  it("rounds the updates of an epoch and of a fraction of an epoch up", () => {
    expect(Horizon.make({ epochs: 1.5, batchesPerEpoch: 7, accumulation: 2 })).toEqual({
      maxSteps: 6,
      epochs: 2,
      batchesPerEpoch: 7,
      accumulation: 2
    })
  })
  it("gives maxSteps precedence over epochs, and rounds the epochs that they take up", () => {
    expect(Horizon.make({ epochs: 9, maxSteps: 5, batchesPerEpoch: 7, accumulation: 2 })).toMatchObject({
      maxSteps: 5,
      epochs: 2
    })
    expect(Horizon.make({ maxSteps: 0, batchesPerEpoch: 7 })).toMatchObject({ maxSteps: 0, epochs: 0 })
  })
  it("has infinite epochs for a stream with maxSteps", () => {
    expect(Horizon.make({ maxSteps: 5, batchesPerEpoch: Infinity }).epochs).toBe(Infinity)
  })
  it("counts at least one update in an epoch without batches", () => {
    expect(Horizon.make({ epochs: 3, batchesPerEpoch: 0 }).maxSteps).toBe(3)
    expect(Horizon.make({ maxSteps: 3, batchesPerEpoch: 0 }).epochs).toBe(3)
  })
})

describe("stepsPerEpoch", () => {
  it.each([
    [7, 2, 4],
    [8, 2, 4],
    [0, 2, 1],
    [Infinity, 2, Infinity]
  ])("of %d batches accumulated by %d is %d", (batchesPerEpoch, accumulation, steps) => {
    expect(Horizon.stepsPerEpoch(Horizon.make({ maxSteps: 1, batchesPerEpoch, accumulation }))).toBe(steps)
  })
})

it("zero has no steps and no epochs", () => {
  expect(Horizon.zero).toEqual({ maxSteps: 0, epochs: 0, batchesPerEpoch: 0, accumulation: 1 })
})
