/** The page's learning-rate schedulers by name, each with the lr_scheduler_kwargs that it takes. */
import { Result, Schema } from "effect"
import * as LearningRate from "../Schedule/LearningRate.ts"
import type { Schedule } from "../Schedule/Schedule.ts"
import { ContradictoryArguments, InvalidArgument, UnknownArgument } from "./Errors.ts"
import { choice, type Field, integer, number } from "./Field.ts"
import type { schedulers } from "./Fields.ts"
import { nearest } from "./Names.ts"

export type Scheduler = (typeof schedulers)[number]

/** What the arguments beside lr_scheduler_kwargs say. **Unit**: updates. */
export interface Given {
  readonly peak: number
  readonly warmup: number
  readonly total: number
  /** What `reduce_lr_on_plateau` looks at. */
  readonly metric: string
}

type Values = Readonly<Record<string, unknown>>

interface Row {
  /** Absent: whatever is given is ignored, as the page's do. */
  readonly takes?: Readonly<Record<string, Field<unknown>>>
  readonly make: (given: Given, values: Values) => Schedule<number>
}

/**
 * Makes the learning rate of a scheduler.
 *
 * **Errors**: fails with `UnknownArgument` or `InvalidArgument` for what is in lr_scheduler_kwargs, and with `ContradictoryArguments` for what does not go
 * together, such as a polynomial whose warm-up is the whole run (the page's divides by zero at its end).
 *
 * **Source**: `get_scheduler`; equal to it within 1e-12 (test/golden/lr_schedules.test.ts).
 */
export const make = (
  type: Scheduler,
  kwargs: Values | null,
  given: Given
): Result.Result<Schedule<number>, UnknownArgument | InvalidArgument | ContradictoryArguments> => {
  const { make, takes } = rows[type]
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

const positive = number(0, { minimum: 0 })
const cycles = number(0.5)
const bend = choice("linear", ["linear", "cosine", "1-sqrt"])
const floors = { min_lr: positive, min_lr_rate: positive }

const rows: Readonly<Record<Scheduler, Row>> = {
  constant: { make: ({ peak }) => LearningRate.constant({ peak }) },
  constant_with_warmup: { make: ({ peak, warmup }) => LearningRate.constant({ peak, warmup }) },
  inverse_sqrt: { make: ({ peak, warmup }) => LearningRate.inverseSqrt({ peak, warmup }) },
  linear: { takes: {}, make: LearningRate.linear },
  cosine: { takes: { num_cycles: cycles }, make: (given, values) => LearningRate.cosine({ ...given, ...named(values) }) },
  cosine_with_restarts: {
    takes: { num_cycles: integer(1, { minimum: 1 }) },
    make: (given, values) => LearningRate.cosineWithRestarts({ ...given, ...named(values) })
  },
  polynomial: {
    takes: { lr_end: positive, power: positive },
    make: (given, values) => LearningRate.polynomial({ ...given, ...named(values) })
  },
  cosine_with_min_lr: {
    takes: { num_cycles: cycles, ...floors },
    make: (given, values) => LearningRate.cosine({ ...given, ...floored(given, values) })
  },
  cosine_warmup_with_min_lr: {
    takes: { num_cycles: cycles, warmup_lr_rate: positive, ...floors },
    make: (given, values) => LearningRate.cosineFromFirst({ ...given, ...floored(given, values) })
  },
  warmup_stable_decay: {
    takes: {
      num_decay_steps: integer(0, { minimum: 0 }),
      num_stable_steps: integer(0, { minimum: 0 }),
      min_lr_ratio: positive,
      warmup_type: bend,
      decay_type: bend,
      num_cycles: cycles
    },
    make: (given, values) =>
      LearningRate.warmupStableDecay({ decay: values.num_decay_steps as number, ...given, ...floored(given, values) })
  },
  reduce_lr_on_plateau: {
    takes: {
      mode: choice("min", ["min", "max"]),
      factor: number(0.1, { minimum: 0, below: 1 }),
      patience: integer(10, { minimum: 0 }),
      threshold: positive,
      threshold_mode: choice("rel", ["rel", "abs"]),
      cooldown: integer(0, { minimum: 0 }),
      min_lr: positive,
      eps: positive
    },
    make: ({ metric, peak }, values) =>
      LearningRate.plateau({ metric, mode: "min", peak, ...named(values), ...at("floor", values.min_lr) })
  }
}

/** The page's names of options, and ours. */
const ours: Readonly<Record<string, string>> = {
  num_cycles: "cycles",
  lr_end: "end",
  num_stable_steps: "stable",
  warmup_type: "warmupBend",
  decay_type: "decayBend",
  threshold_mode: "thresholdMode",
  eps: "epsilon"
}

/** The option names are ours; the values were checked by the row. */
const named = (values: Values): Readonly<Record<string, never>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [ours[name] ?? name, value as never]))

/** Floors and starts, which the page gives as parts of the peak, as learning rates. */
const floored = ({ peak }: Given, values: Values) => {
  const part = (name: string) => (values[name] === undefined ? undefined : (values[name] as number) * peak)
  return {
    ...named(values),
    ...at("floor", values.min_lr ?? part("min_lr_rate") ?? part("min_lr_ratio")),
    ...at("start", part("warmup_lr_rate"))
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
