/** Argument names that Hugging Face's documentation has and transformers has removed: accepted, with a warning. */
import { Result, Schema } from "effect"
import { InvalidArgument, NotSupported } from "./Errors.ts"
import { boolean, choice, type Field, optional, strategies } from "./Field.ts"
import { ipex } from "./Fields/NotSupported.ts"

interface RemovedArgument {
  readonly field: Field<unknown>
  readonly warning: string
  /** Gives the arguments that replace it, from its value and the other input in camelCase. */
  readonly replacement: (value: unknown, input: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>
}

const setting =
  (name: string): RemovedArgument["replacement"] =>
  (value, { acceleratorConfig }) => ({
    acceleratorConfig: { ...(typeof acceleratorConfig === "object" ? acceleratorConfig : {}), [name]: value }
  })

const removed: Readonly<Record<string, RemovedArgument>> = {
  evaluation_strategy: {
    field: choice("no", strategies),
    warning: "evaluation_strategy is called eval_strategy now.",
    replacement: (value) => ({ evalStrategy: value })
  },
  dispatch_batches: {
    field: optional(boolean(false)),
    warning: "dispatch_batches is called accelerator_config.dispatch_batches now.",
    replacement: setting("dispatch_batches")
  },
  split_batches: {
    field: optional(boolean(false)),
    warning: "split_batches is called accelerator_config.split_batches now.",
    replacement: (value, input) => setting("split_batches")(value ?? false, input)
  },
  use_ipex: {
    field: { ...boolean(false), missingFeature: (value) => (value === true ? ipex : undefined) },
    warning: "use_ipex is no more; leave it out.",
    replacement: () => ({})
  }
}

/** Finds a removed argument by its name. */
export const of = (written: string): RemovedArgument | undefined =>
  Object.hasOwn(removed, written) ? removed[written] : undefined

export const names = Object.keys(removed)

/** Sets the arguments that replace a removed one in `input`. */
export const apply = (
  input: Record<string, unknown>,
  written: string,
  value: unknown
): Result.Result<void, InvalidArgument | NotSupported> => {
  const { field, replacement } = removed[written]!
  if (!Schema.is(field.schema)(value))
    return Result.fail(new InvalidArgument({ argument: written, value, expected: field.expected }))
  const feature = field.missingFeature?.(value)
  if (feature !== undefined) return Result.fail(new NotSupported({ argument: written, value, ...feature }))
  Object.assign(input, replacement(value, input))
  return Result.succeed(undefined)
}
