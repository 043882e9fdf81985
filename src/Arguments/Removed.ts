/** Spellings that the page has and transformers gave up: read, with a word on it. */
import { Result, Schema } from "effect"
import { InvalidArgument, NotSupported } from "./Errors.ts"
import { boolean, choice, type Field, optional } from "./Field.ts"
import { ipex } from "./Fields/Lacks.ts"
import { strategies } from "./Fields/Strategies.ts"

interface Row {
  readonly field: Field<unknown>
  readonly warning: string
  /** What it stands for, beside what else is given in camelCase. */
  readonly means: (value: unknown, input: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
}

const setting =
  (name: string): Row["means"] =>
  (value, { acceleratorConfig }) => ({
    acceleratorConfig: { ...(typeof acceleratorConfig === "object" ? acceleratorConfig : {}), [name]: value }
  })

const rows: Readonly<Record<string, Row>> = {
  evaluation_strategy: {
    field: choice("no", strategies),
    warning: "evaluation_strategy is called eval_strategy now.",
    means: (value) => ({ evalStrategy: value })
  },
  dispatch_batches: {
    field: optional(boolean(false)),
    warning: "dispatch_batches is called accelerator_config.dispatch_batches now.",
    means: setting("dispatch_batches")
  },
  split_batches: {
    field: optional(boolean(false)),
    warning: "split_batches is called accelerator_config.split_batches now.",
    means: (value, input) => setting("split_batches")(value ?? false, input)
  },
  use_ipex: {
    field: { ...boolean(false), lacks: (value) => (value === true ? ipex : undefined) },
    warning: "use_ipex is no more; leave it out.",
    means: () => ({})
  }
}

/** Gives the row of a spelling, where it is one. */
export const of = (written: string): Row | undefined => (Object.hasOwn(rows, written) ? rows[written] : undefined)

export const names = Object.keys(rows)

/** Puts into `input` what a spelling stands for. */
export const apply = (
  input: Record<string, unknown>,
  written: string,
  value: unknown
): Result.Result<void, InvalidArgument | NotSupported> => {
  const { field, means } = rows[written]!
  if (!Schema.is(field.schema)(value))
    return Result.fail(new InvalidArgument({ argument: written, value, expected: field.expected }))
  const lack = field.lacks?.(value)
  if (lack !== undefined) return Result.fail(new NotSupported({ argument: written, value, ...lack }))
  Object.assign(input, means(value, input))
  return Result.succeed(undefined)
}
