/** A clock counts how far a run has come, in integers: steps, epochs, samples, tokens, or the whole run. A span is an amount on a clock. */
import { Schema } from "effect"
import type { TrainerState } from "../TrainerState.ts"
import * as Horizon from "./Horizon.ts"
import * as Rational from "./Rational.ts"

export interface Clock {
  readonly unit: string
  /** Ticks since the run began: always an integer. */
  readonly ticks: (state: TrainerState, horizon: Horizon.Horizon) => number
  /** Ticks in one unit: an integer, or `Infinity` where the run has no end. */
  readonly perUnit: (horizon: Horizon.Horizon) => number
}

/** So much on a clock, as an exact fraction: `"0.1ep"` is one tenth of an epoch's micro-batches, not a float near it. */
export interface Span {
  readonly count: Rational.Fraction
  readonly clock: Clock
}

export declare namespace Span {
  /** A span whose place in the run is known beforehand: updates (a plain number), epochs, or a part of the run. */
  export type Planned = number | `${string}ba` | `${string}ep` | `${string}dur`
  /** A number counts updates. Strings carry their unit: `"2ep"`, `"500ba"` (updates), `"10_000sp"`, `"1e6tok"`, `"0.5dur"`. */
  export type Input = Planned | `${string}sp` | `${string}tok` | Span
}

/** A span that cannot be read. */
export class InvalidSpan extends Schema.TaggedError<InvalidSpan>()("InvalidSpan", {
  span: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${JSON.stringify(this.span)} is no span of training: ${this.reason}. Write a number of updates, or a number with a unit: "2ep" (epochs), "500ba" (updates), "10_000sp" (samples), "1e6tok" (tokens), "0.5dur" (of the whole run).`
  }
}

const one = () => 1

/** Counts optimizer updates. */
export const steps: Clock = { unit: "ba", ticks: (state) => state.step, perUnit: one }

/** Counts rows of finished updates. */
export const samples: Clock = { unit: "sp", ticks: (state) => state.samples, perUnit: one }

/** Counts labels of finished updates. */
export const tokens: Clock = { unit: "tok", ticks: (state) => state.tokens, perUnit: one }

/** Counts epochs by the data cursor, in micro-batches. Where an epoch has an unknown number (a stream), it sees whole epochs only. */
export const epochs: Clock = {
  unit: "ep",
  ticks: ({ position }, { batchesPerEpoch }) =>
    Number.isFinite(batchesPerEpoch) ? position.epoch * batchesPerEpoch + position.batch : position.epoch,
  perUnit: ({ batchesPerEpoch }) => (Number.isFinite(batchesPerEpoch) ? batchesPerEpoch : 1)
}

/** Counts ends of epochs, those that a stop ended early included. */
export const epochsEnded: Clock = { unit: "ends of epochs", ticks: (state) => state.epochsEnded, perUnit: one }

/** Counts the whole run as one. */
export const run: Clock = { unit: "dur", ticks: (state) => state.step, perUnit: (horizon) => horizon.maxSteps }

/**
 * Makes a span from an amount and a clock: the way to the clocks that have no unit of their own.
 *
 * **Errors**: throws `InvalidSpan` for less than nothing, and for a part of what cannot be divided (an update, a sample, a token).
 */
export const span = (amount: number, clock: Clock): Span => {
  const written = `${amount}${clock.unit}`
  if (!(Number.isFinite(amount) && amount >= 0))
    throw new InvalidSpan({ span: written, reason: "it must not be less than nothing" })
  if (clock.perUnit === one && !Number.isInteger(amount))
    throw new InvalidSpan({ span: written, reason: "updates, samples and tokens are counted in whole numbers" })
  return { count: Rational.fromNumber(amount), clock }
}

/**
 * Reads a span: a number of updates, a string with its unit, or a span itself.
 *
 * **Unit**: `ep` epochs, `ba` updates (a batch is one optimizer update), `sp` samples, `tok` tokens, `dur` the whole run.
 *
 * **Errors**: throws `InvalidSpan` at once, so that a typing error never waits for its moment in the run.
 *
 * **Source**: the time units of MosaicML's Composer.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Clock } from "regimen"
 *
 * assert.deepEqual(Clock.fromInput("0.25ep"), { count: { over: 1, under: 4 }, clock: Clock.epochs })
 * assert.throws(() => Clock.fromInput("soonep"), /is no span of training/)
 * ```
 */
export const fromInput = (input: Span.Input): Span => {
  if (typeof input === "object") return input
  if (typeof input === "number") return span(input, steps)
  const [, amount = "", unit = ""] = written.exec(input) ?? []
  const clock = clocks.find((clock) => clock.unit === unit)
  if (clock === undefined)
    throw new InvalidSpan({ span: input, reason: "it needs a number and one of the units ep, ba, sp, tok, dur" })
  return span(Number(amount.replaceAll("_", "")), clock)
}

/** Reads a span whose place in the run is known beforehand. **Errors**: throws `InvalidSpan` for samples and tokens. */
export const planned = (input: Span.Planned): Span => {
  const read = fromInput(input)
  if (read.clock === samples || read.clock === tokens)
    throw new InvalidSpan({ span: String(input), reason: "its place must be known before the run: use ba, ep or dur here" })
  return read
}

/** Counts how many times a span has gone by. Exact: integers divided by integers. */
export const passed = ({ clock, count }: Span, state: TrainerState, horizon: Horizon.Horizon): number =>
  Math.floor((clock.ticks(state, horizon) * count.under) / (count.over * clock.perUnit(horizon)))

/** Says whether the clock has reached a span. */
export const reached = ({ clock, count }: Span, state: TrainerState, horizon: Horizon.Horizon): boolean =>
  clock.ticks(state, horizon) * count.under >= count.over * clock.perUnit(horizon)

/** Gives the first update at or after a planned span, `Infinity` where it is unknown. Epochs are whole: a stop in one is not foreseen. **Unit**: updates. */
export const toSteps = ({ clock, count }: Span, horizon: Horizon.Horizon): number => {
  const units = (perUnit: number) => (count.over === 0 ? 0 : Math.ceil((count.over * perUnit) / count.under))
  if (clock !== epochs) return units(clock.perUnit(horizon))
  const { accumulation, batchesPerEpoch } = horizon
  if (!Number.isFinite(batchesPerEpoch)) return units(batchesPerEpoch)
  const batches = units(batchesPerEpoch)
  const whole = Math.floor(batches / batchesPerEpoch)
  return whole * Horizon.stepsPerEpoch(horizon) + Math.ceil((batches - whole * batchesPerEpoch) / accumulation)
}

/** Gives the state on clocks that read `by` updates less: steps and the data cursor. */
export const rewind = (state: TrainerState, horizon: Horizon.Horizon, by: number): TrainerState => {
  const { accumulation, batchesPerEpoch } = horizon
  if (!Number.isFinite(batchesPerEpoch)) return { ...state, step: state.step - by }
  const perEpoch = Horizon.stepsPerEpoch(horizon)
  const whole = Math.floor(by / perEpoch)
  const batches = Math.max(0, epochs.ticks(state, horizon) - whole * batchesPerEpoch - (by - whole * perEpoch) * accumulation)
  const epoch = Math.floor(batches / batchesPerEpoch)
  const batch = batches - epoch * batchesPerEpoch
  return { ...state, step: state.step - by, epoch: epoch + batch / batchesPerEpoch, position: { epoch, batch } }
}

const clocks: ReadonlyArray<Clock> = [epochs, steps, samples, tokens, run]

const written = /^\s*([0-9][0-9_]*(?:\.[0-9_]+)?(?:e[+-]?[0-9]+)?)\s*([a-z]+)\s*$/i
