/** Laws of `every`: exact crossings, on every clock, wherever the run is interrupted. */
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Clock from "../../src/Schedule/Clock.ts"
import * as Horizon from "../../src/Schedule/Horizon.ts"
import * as Rational from "../../src/Schedule/Rational.ts"
import * as Trigger from "../../src/Schedule/Trigger.ts"
import * as Plans from "../../src/Testing/Arbitraries.ts"
import * as State from "../../src/TrainerState.ts"

/** floor(ticks * under / (over * perUnit)), in integers of any size. */
const floor = ({ clock, count }: Clock.Span, state: State.TrainerState, horizon: Horizon.Horizon): bigint =>
  (BigInt(clock.ticks(state, horizon)) * BigInt(count.under)) / (BigInt(count.over) * BigInt(clock.perUnit(horizon)))

const moments = fc.array(
  fc.record({
    step: fc.nat(60),
    epoch: fc.nat(5),
    batch: fc.nat(8),
    samples: fc.nat(500),
    tokens: fc.nat(5000),
    epochsEnded: fc.nat(6)
  }),
  { minLength: 2, maxLength: 20 }
)
const states = moments.map((all) =>
  all.map(({ batch, epoch, ...rest }): State.TrainerState => ({ ...State.initial, ...rest, position: { epoch, batch } }))
)

it("every(n) fires from a to b exactly when floor(b/n) > floor(a/n)", () => {
  fc.assert(
    fc.property(Plans.span, Plans.horizon, states, (input, horizon, states) => {
      const span = Clock.fromInput(input)
      const every = Trigger.every(input)
      for (const [i, after] of states.entries()) {
        const before = states[i - 1] ?? State.initial
        expect(every(before, after, horizon)).toBe(floor(span, after, horizon) > floor(span, before, horizon))
      }
    }),
    { numRuns: 500 }
  )
})

it("every(n) fires as often as n has multiples, wherever the run is interrupted", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 }), fc.array(fc.nat(300)), (n, total, cuts) => {
      const horizon = Horizon.make({ maxSteps: total, batchesPerEpoch: 10 })
      let fired = 0
      const ends = [...new Set([...cuts.filter((cut) => cut < total), total])].sort((a, b) => a - b)
      let step = 0
      for (const end of ends) {
        const every = Trigger.every(n) // a resumed run has a new trigger
        for (; step < end; step++) if (every({ ...State.initial, step }, { ...State.initial, step: step + 1 }, horizon)) fired++
      }
      expect(fired).toBe(Math.floor(total / n))
    }),
    { numRuns: 300 }
  )
})

it("every part of an epoch fires at its multiples of micro-batches and nowhere else", () => {
  for (let batchesPerEpoch = 2; batchesPerEpoch <= 60; batchesPerEpoch++) {
    const horizon = Horizon.make({ epochs: 3, batchesPerEpoch })
    const at = (batches: number): State.TrainerState => {
      const epoch = Math.floor((batches - 1) / batchesPerEpoch)
      return batches === 0 ? State.initial : { ...State.initial, position: { epoch, batch: batches - epoch * batchesPerEpoch } }
    }
    for (let k = 1; k < batchesPerEpoch; k++) {
      const every = Trigger.every(Clock.span(k / batchesPerEpoch, Clock.epochs))
      for (let batches = 1; batches <= 3 * batchesPerEpoch; batches++)
        if (every(at(batches - 1), at(batches), horizon) !== (batches % k === 0))
          expect.fail(`every ${k}/${batchesPerEpoch} of an epoch at ${batches}`)
    }
  }
})

it("a fraction is that of its number, in lowest terms", () => {
  const positive = fc.integer({ min: 1, max: 1_000_000 })
  const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))
  fc.assert(
    fc.property(positive, fc.integer({ min: 1, max: 1000 }), (over, under) => {
      const common = divisor(over, under)
      expect(Rational.fromNumber(over / under)).toEqual({ over: over / common, under: under / common })
    }),
    { numRuns: 1000 }
  )
  fc.assert(
    fc.property(fc.double({ min: 1e-9, max: 1e15, noNaN: true }), (value) => {
      const { over, under } = Rational.fromNumber(value)
      expect(Math.abs(over / under - value)).toBeLessThanOrEqual(1e-12 * value)
      expect(Number.isSafeInteger(over) && Number.isSafeInteger(under)).toBe(true)
    }),
    { numRuns: 1000 }
  )
})

it("reaches fires once, where its clock gets there", () => {
  fc.assert(
    fc.property(Plans.span, Plans.horizon, (span, horizon) => {
      const reaches = Trigger.reaches(span)
      let fired = 0
      for (let step = 0; step < 400; step++) {
        const at = (n: number): State.TrainerState => ({
          ...State.initial,
          step: n,
          position: { epoch: Math.floor(n / horizon.batchesPerEpoch), batch: n % horizon.batchesPerEpoch },
          epochsEnded: Math.floor(n / horizon.batchesPerEpoch),
          samples: n,
          tokens: n
        })
        if (reaches(at(step), at(step + 1), horizon)) {
          fired++
          expect(Clock.reached(Clock.fromInput(span), at(step + 1), horizon)).toBe(true)
        }
      }
      expect(fired).toBe(1)
    }),
    { numRuns: 200 }
  )
})
