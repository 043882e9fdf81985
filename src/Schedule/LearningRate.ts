/** Learning rates: schedules of one number. The learning rate of update n is the schedule of the state before it, so a warm-up starts at 0. */
import { Schema } from "effect"
import * as State from "../TrainerState.ts"
import * as Clock from "./Clock.ts"
import * as Schedule from "./Schedule.ts"

/** What most learning rates have in common. */
export interface Options {
  /** The learning rate at its highest. */
  readonly peak: number
  /** The straight rise from 0 to the peak. **Unit**: updates, epochs or a part of the run; 0 by default. */
  readonly warmup?: Clock.Span.Planned
  /** Where the decay ends; the end of the run by default. */
  readonly total?: Clock.Span.Planned
}

/** A run's updates as a learning rate sees them. **Unit**: updates. */
export interface Shape {
  readonly warmup: number
  readonly total: number
}

/** An option that no learning rate can have. */
export class InvalidLearningRate extends Schema.TaggedError<InvalidLearningRate>()("InvalidLearningRate", {
  option: Schema.String,
  value: Schema.Number,
  expected: Schema.String
}) {
  override get message(): string {
    return `The learning rate's ${this.option} is ${this.value}; it must be ${this.expected}.`
  }
}

/**
 * Makes a learning rate from its decay after the warm-up, as a factor of the peak.
 *
 * **Unit**: `decay` takes the updates done so far.
 *
 * **Errors**: this and all below throw `InvalidLearningRate` or `InvalidSpan` at once.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, LearningRate, TrainerState } from "regimen"
 *
 * const halving = LearningRate.make({ peak: 0.8, warmup: 2 }, (step, { warmup }) => 0.5 ** (step - warmup))
 * const horizon = Horizon.make({ maxSteps: 5, batchesPerEpoch: 5 })
 * const rates = [0, 1, 2, 3, 4].map((step) => halving({ ...TrainerState.initial, step }, horizon))
 * assert.deepEqual(rates, [0, 0.4, 0.8, 0.4, 0.2])
 * ```
 */
export const make = (options: Options, decay: (step: number, shape: Shape) => number): Schedule.Schedule<number> =>
  fromFactor(options, (step, shape) => (step < shape.warmup ? step / Math.max(1, shape.warmup) : decay(step, shape)))

/** Stays at the peak after the warm-up. **Source**: `constant`, `constant_with_warmup`. */
export const constant = (options: Options): Schedule.Schedule<number> => make(options, () => 1)

/** Falls to 0 in a straight line. **Source**: `linear`. */
export const linear = (options: Options): Schedule.Schedule<number> =>
  make(options, (step, { total, warmup }) => Math.max(0, (total - step) / Math.max(1, total - warmup)))

export interface Cosine extends Options {
  /** Waves over the decay: 0.5, half a wave from the peak to the floor, by default. */
  readonly cycles?: number
  /** The lowest learning rate; 0 by default. */
  readonly floor?: number
}

/**
 * Falls along a cosine, from the peak to the floor.
 *
 * **Source**: `cosine`, and with a floor `cosine_with_min_lr` (SGDR, arXiv 1608.03983).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, LearningRate, TrainerState } from "regimen"
 *
 * const rate = LearningRate.cosine({ peak: 1e-3, warmup: "0.1dur", floor: 1e-5 })
 * const horizon = Horizon.make({ maxSteps: 100, batchesPerEpoch: 10 })
 * const at = (step: number) => rate({ ...TrainerState.initial, step }, horizon)
 * assert.deepEqual([at(0), at(5), at(10), at(100)], [0, 5e-4, 1e-3, 1e-5])
 * ```
 */
export const cosine = (options: Cosine): Schedule.Schedule<number> => {
  const { cycles = 0.5 } = options
  const low = lowest(options)
  return make(options, (step, shape) => aboveFloor(low, cosineWave(cycles, progress(step, shape))))
}

/** Falls along a cosine to 0 and starts again at the peak, `cycles` times (once by default). **Source**: `cosine_with_restarts`. */
export const cosineWithRestarts = (options: Options & { readonly cycles?: number }): Schedule.Schedule<number> => {
  const { cycles = 1 } = options
  return make(options, (step, shape) => {
    const done = progress(step, shape)
    return done >= 1 ? 0 : Math.max(0, cosineWave(0.5, (cycles * done) % 1))
  })
}

/**
 * Like `cosine`, shifted one update earlier: the first update's learning rate is not 0, and the last of the warm-up is the peak.
 * `start` is the learning rate of the first update.
 *
 * **Source**: `cosine_warmup_with_min_lr`, `warmup_lr_rate` (there as a part of the peak).
 */
export const cosineFromFirst = (options: Cosine & { readonly start?: number }): Schedule.Schedule<number> => {
  const { cycles = 0.5, peak, start } = options
  const low = lowest(options)
  if (start !== undefined) notNegative("start", start)
  return fromFactor(options, (step, { total, warmup }) => {
    if (step >= warmup) return aboveFloor(low, cosineWave(cycles, (step - warmup + 1) / Math.max(1, total - warmup)))
    if (start === undefined) return (step + 1) / Math.max(1, warmup)
    const from = ratio(start, peak)
    return from + ((1 - from) * step) / Math.max(1, warmup - 1)
  })
}

/** Falls along a power of what is left, to `end` (1e-7 by default) and stays there. **Source**: `polynomial`. */
export const polynomial = (options: Options & { readonly end?: number; readonly power?: number }): Schedule.Schedule<number> => {
  const { end = 1e-7, peak, power = 1 } = options
  if (!(end < peak)) throw new InvalidLearningRate({ option: "end", value: end, expected: `less than the peak (${peak})` })
  return make(
    options,
    (step, shape) => (step >= shape.total ? end : (peak - end) * (1 - progress(step, shape)) ** power + end) / peak
  )
}

/** Falls with the root of the updates done; `timescale` is the warm-up, or 10,000 updates, by default. **Source**: `inverse_sqrt`. */
export const inverseSqrt = (options: Options & { readonly timescale?: number }): Schedule.Schedule<number> =>
  make(options, (step, { warmup }) => {
    const scale = options.timescale ?? (warmup || 10_000)
    return 1 / Math.sqrt((step + scale - warmup) / scale)
  })

/** The shape of a warm-up or a decay. */
export type Bend = "linear" | "cosine" | "1-sqrt"

export interface WarmupStableDecay extends Options {
  /** The length of the decay at the end. */
  readonly decay: Clock.Span.Planned
  /** How long the peak is held; what warm-up and decay leave by default. */
  readonly stable?: Clock.Span.Planned
  readonly floor?: number
  readonly warmupBend?: Bend
  readonly decayBend?: Bend
  readonly cycles?: number
}

/**
 * Rises, stays at the peak, and falls at the end. With a floor the warm-up starts there, and the floor is what follows the end.
 *
 * **Source**: `warmup_stable_decay` (arXiv 2405.18392).
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, LearningRate, TrainerState } from "regimen"
 *
 * const rate = LearningRate.warmupStableDecay({ peak: 1, warmup: "0.2dur", decay: "0.4dur", decayBend: "linear" })
 * const horizon = Horizon.make({ maxSteps: 10, batchesPerEpoch: 10 })
 * const rates = [0, 1, 2, 5, 6, 8, 10].map((step) => rate({ ...TrainerState.initial, step }, horizon))
 * assert.deepEqual(rates, [0, 0.5, 1, 1, 1, 0.5, 0])
 * ```
 */
export const warmupStableDecay = (options: WarmupStableDecay): Schedule.Schedule<number> => {
  const { cycles = 0.5, decayBend = "cosine", peak, warmupBend = "linear" } = options
  const low = lowest(options)
  const [warmup, total, decay] = [
    Clock.planned(options.warmup ?? 0),
    Clock.planned(options.total ?? "1dur"),
    Clock.planned(options.decay)
  ]
  const stable = options.stable === undefined ? undefined : Clock.planned(options.stable)
  return Schedule.make(({ step }, horizon) => {
    const warmupSteps = Clock.toSteps(warmup, horizon)
    const decaySteps = Clock.toSteps(decay, horizon)
    const decayStart =
      warmupSteps +
      (stable === undefined ? Clock.toSteps(total, horizon) - warmupSteps - decaySteps : Clock.toSteps(stable, horizon))
    if (step < warmupSteps) return peak * aboveFloor(low, warmupFactor(warmupBend, step / Math.max(1, warmupSteps)))
    if (step < decayStart) return peak
    return (
      peak *
      (step < decayStart + decaySteps
        ? aboveFloor(low, decayFactor(decayBend, cycles, (step - decayStart) / Math.max(1, decaySteps)))
        : low)
    )
  })
}

export interface Plateau extends Schedule.Goal {
  readonly peak: number
  /** What the learning rate is multiplied by; 0.1 by default. */
  readonly factor?: number
  /** Evaluations in a row that may bring nothing; 10 by default. */
  readonly patience?: number
  /** What is better by no more than this does not count; 1e-4 by default. */
  readonly threshold?: number
  /** Whether the threshold is a part of the best (the default) or in the metric's own unit. */
  readonly thresholdMode?: "rel" | "abs"
  /** Evaluations after a fall that are not looked at; 0 by default. */
  readonly cooldown?: number
  readonly floor?: number
  /** A fall by no more than this is left out; 1e-8 by default. */
  readonly epsilon?: number
}

/**
 * Falls whenever a metric stops becoming better: a fold over the evaluations, so that a resumed run goes on as it would have.
 *
 * **Source**: `reduce_lr_on_plateau`, PyTorch's `ReduceLROnPlateau`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Horizon, LearningRate, TrainerState } from "regimen"
 *
 * const rate = LearningRate.plateau({ peak: 1, metric: "eval_loss", mode: "min", patience: 1, factor: 0.5 })
 * const state = [0.9, 0.9, 0.9].reduce((s, eval_loss) => TrainerState.evaluated(s, { eval_loss }, false), TrainerState.initial)
 * assert.equal(rate(state, Horizon.make({ maxSteps: 10, batchesPerEpoch: 10 })), 0.5)
 * ```
 */
export const plateau = (options: Plateau): Schedule.Schedule<number> => {
  const {
    cooldown = 0,
    epsilon = 1e-8,
    factor = 0.1,
    metric,
    mode,
    patience = 10,
    peak,
    threshold = 1e-4,
    thresholdMode = "rel"
  } = options
  const floor = options.floor ?? 0
  notNegative("floor", floor)
  if (!(factor >= 0 && factor < 1))
    throw new InvalidLearningRate({ option: "factor", value: factor, expected: "at least 0 and below 1" })
  const sign = mode === "max" ? 1 : -1
  const isBetter = (value: number, best: number) =>
    sign * value > sign * (thresholdMode === "abs" ? best + sign * threshold : best * (1 + sign * threshold))
  const fold = State.fold({ rate: peak, best: -sign * Infinity, bad: 0, cooling: 0 }, (seen, evaluation) => {
    const value = evaluation.metrics[metric]
    if (evaluation.initial || value === undefined) return seen
    const better = isBetter(value, seen.best)
    const bad = seen.cooling > 0 || better ? 0 : seen.bad + 1
    const next = { rate: seen.rate, best: better ? value : seen.best, bad, cooling: Math.max(0, seen.cooling - 1) }
    if (bad <= patience) return next
    const rate = Math.max(seen.rate * factor, floor)
    return { ...next, rate: seen.rate - rate > epsilon ? rate : seen.rate, bad: 0, cooling: cooldown }
  })
  return Schedule.make((state) => fold(state.evaluations).rate)
}

const fromFactor = (options: Options, factor: (step: number, shape: Shape) => number): Schedule.Schedule<number> => {
  const { peak } = options
  notNegative("peak", peak)
  const [warmup, total] = [Clock.planned(options.warmup ?? 0), Clock.planned(options.total ?? "1dur")]
  return Schedule.make(
    ({ step }, horizon) => peak * factor(step, { warmup: Clock.toSteps(warmup, horizon), total: Clock.toSteps(total, horizon) })
  )
}

const notNegative = (option: string, value: number): void => {
  if (!(Number.isFinite(value) && value >= 0))
    throw new InvalidLearningRate({ option, value, expected: "a number of at least 0" })
}

/** The floor as a part of the peak. */
const lowest = ({ floor = 0, peak }: { readonly floor?: number; readonly peak: number }): number => {
  notNegative("floor", floor)
  return ratio(floor, peak)
}

const ratio = (part: number, peak: number): number => (peak === 0 ? 0 : part / peak)

const progress = (step: number, { total, warmup }: Shape): number => (step - warmup) / Math.max(1, total - warmup)

const cosineWave = (cycles: number, progress: number): number => 0.5 * (1 + Math.cos(Math.PI * cycles * 2 * progress))

const aboveFloor = (low: number, factor: number): number => Math.max(0, factor * (1 - low) + low)

const warmupFactor = (bend: Bend, progress: number): number =>
  bend === "linear" ? progress : bend === "cosine" ? 0.5 * (1 - Math.cos(Math.PI * progress)) : 1 - Math.sqrt(1 - progress)

const decayFactor = (bend: Bend, cycles: number, progress: number): number =>
  bend === "linear" ? 1 - progress : bend === "cosine" ? cosineWave(cycles, progress) : 1 - Math.sqrt(progress)
