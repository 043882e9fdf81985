/** Makes learning-rate schedules from the names of transformers' schedulers and their `lr_scheduler_kwargs`. */
import { Result, Schema } from "effect"
import * as LearningRate from "../Schedule/LearningRate.ts"
import type { Schedule } from "../Schedule/Schedule.ts"
import { nearest } from "./ArgumentNames.ts"
import { ContradictoryArguments, InvalidArgument, UnknownArgument } from "./Errors.ts"
import { choice, type Field, integer, number } from "./Field.ts"
import type { schedulers } from "./Fields.ts"

export type Scheduler = (typeof schedulers)[number]

/** The other arguments of a schedule. **Unit**: updates. */
export interface Given {
  readonly peak: number
  readonly warmup: number
  readonly total: number
  /** The metric of `reduce_lr_on_plateau`. */
  readonly metric: string
}

type Values = Readonly<Record<string, unknown>>

interface Definition {
  /** The accepted kwargs. Absent: all kwargs are ignored, as in transformers. */
  readonly takes?: Readonly<Record<string, Field<unknown>>>
  readonly make: (given: Given, values: Values) => Schedule<number>
}

/**
 * Makes the learning-rate schedule of a scheduler.
 *
 * **Errors**: fails with `UnknownArgument` or `InvalidArgument` for lr_scheduler_kwargs, and with `ContradictoryArguments` for values that contradict each
 * other, such as a polynomial whose warm-up is the whole run (transformers divides by zero at its end).
 *
 * **Source**: `get_scheduler`; equal to it within 1e-12 (test/golden/lr_schedules.test.ts).
 */
export const make = (
  type: Scheduler,
  kwargs: Values | null,
  given: Given
): Result.Result<Schedule<number>, UnknownArgument | InvalidArgument | ContradictoryArguments> => {
  const { make, takes } = definitions[type]
  const values = kwargs ?? {}
  if (takes === undefined) return Result.succeed(make(given, {}))
  for (const [name, value] of Object.entries(values)) {
    const field = takes[name]
    if (field === undefined)
      return Result.fail(
        new UnknownArgument({ argument: `lr_scheduler_kwargs.${name}`, suggestion: nearest(name, Object.keys(takes)) })
      )
    if (!Schema.is(field.schema)(value))
      return Result.fail(new InvalidArgument({ argument: `lr_scheduler_kwargs.${name}`, value, expected: field.expected }))
  }
  const reason = conflict(type, values, given)
  if (reason !== undefined)
    return Result.fail(new ContradictoryArguments({ names: ["lr_scheduler_type", "lr_scheduler_kwargs"], reason }))
  return Result.succeed(make(given, values))
}

const nonNegative = number(0, { minimum: 0 })
const cycles = number(0.5)
const bend = choice("linear", ["linear", "cosine", "1-sqrt"])
const minimums = { min_lr: nonNegative, min_lr_rate: nonNegative }

const definitions: Readonly<Record<Scheduler, Definition>> = {
  constant: { make: ({ peak }) => LearningRate.constant({ peak }) },
  constant_with_warmup: { make: ({ peak, warmup }) => LearningRate.constant({ peak, warmup }) },
  inverse_sqrt: { make: ({ peak, warmup }) => LearningRate.inverseSqrt({ peak, warmup }) },
  linear: { takes: {}, make: LearningRate.linear },
  cosine: { takes: { num_cycles: cycles }, make: (given, values) => LearningRate.cosine({ ...given, ...renamed(values) }) },
  cosine_with_restarts: {
    takes: { num_cycles: integer(1, { minimum: 1 }) },
    make: (given, values) => LearningRate.cosineWithRestarts({ ...given, ...renamed(values) })
  },
  polynomial: {
    takes: { lr_end: nonNegative, power: nonNegative },
    make: (given, values) => LearningRate.polynomial({ ...given, ...renamed(values) })
  },
  cosine_with_min_lr: {
    takes: { num_cycles: cycles, ...minimums },
    make: (given, values) => LearningRate.cosine({ ...given, ...withMinimum(given, values) })
  },
  cosine_warmup_with_min_lr: {
    takes: { num_cycles: cycles, warmup_lr_rate: nonNegative, ...minimums },
    make: (given, values) => LearningRate.cosineFromFirst({ ...given, ...withMinimum(given, values) })
  },
  warmup_stable_decay: {
    takes: {
      num_decay_steps: integer(0, { minimum: 0 }),
      num_stable_steps: integer(0, { minimum: 0 }),
      min_lr_ratio: nonNegative,
      warmup_type: bend,
      decay_type: bend,
      num_cycles: cycles
    },
    make: (given, values) =>
      LearningRate.warmupStableDecay({ decay: values.num_decay_steps as number, ...given, ...withMinimum(given, values) })
  },
  reduce_lr_on_plateau: {
    takes: {
      mode: choice("min", ["min", "max"]),
      factor: number(0.1, { minimum: 0, below: 1 }),
      patience: integer(10, { minimum: 0 }),
      threshold: nonNegative,
      threshold_mode: choice("rel", ["rel", "abs"]),
      cooldown: integer(0, { minimum: 0 }),
      min_lr: nonNegative,
      eps: nonNegative
    },
    make: ({ metric, peak }, values) =>
      LearningRate.plateau({ metric, mode: "min", peak, ...renamed(values), ...at("floor", values.min_lr) })
  }
}

/** Maps kwargs to the option names of `LearningRate`. */
const optionNames: Readonly<Record<string, string>> = {
  num_cycles: "cycles",
  lr_end: "end",
  num_stable_steps: "stable",
  warmup_type: "warmupBend",
  decay_type: "decayBend",
  threshold_mode: "thresholdMode",
  eps: "epsilon"
}

/** Renames validated kwargs to the options of `LearningRate`. */
const renamed = (values: Values): Readonly<Record<string, never>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [optionNames[name] ?? name, value as never]))

/** Converts minimum and initial rates, which transformers gives as ratios of the peak, to learning rates. */
const withMinimum = ({ peak }: Given, values: Values) => {
  const ratio = (name: string) => (values[name] === undefined ? undefined : (values[name] as number) * peak)
  return {
    ...renamed(values),
    ...at("floor", values.min_lr ?? ratio("min_lr_rate") ?? ratio("min_lr_ratio")),
    ...at("start", ratio("warmup_lr_rate"))
  }
}

const at = <K extends string>(option: K, value: unknown): { readonly [P in K]?: number } =>
  (value === undefined ? {} : { [option]: value }) as { readonly [P in K]?: number }

const conflict = (type: Scheduler, values: Values, { peak, total, warmup }: Given): string | undefined => {
  const has = (name: string) => values[name] !== undefined
  if (type === "polynomial") {
    const end = (values.lr_end as number | undefined) ?? 1e-7
    if (end >= peak) return `lr_scheduler_kwargs.lr_end is ${end}; it must be below learning_rate, which is ${peak}.`
    if (warmup === total)
      return `lr_scheduler_type "polynomial" has nothing to fall over: the warm-up takes all ${total} updates. Lower warmup_steps or warmup_ratio.`
  }
  if (type === "cosine_with_min_lr" || type === "cosine_warmup_with_min_lr") {
    if (has("min_lr") && has("min_lr_rate")) return "lr_scheduler_kwargs has both min_lr and min_lr_rate; leave one out."
    if (!has("min_lr") && !has("min_lr_rate"))
      return `lr_scheduler_type "${type}" needs min_lr or min_lr_rate in lr_scheduler_kwargs.`
  }
  if (type === "warmup_stable_decay" && !has("num_decay_steps"))
    return 'lr_scheduler_type "warmup_stable_decay" needs num_decay_steps in lr_scheduler_kwargs.'
  return undefined
}
