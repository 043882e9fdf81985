/** Arbitraries of arguments: any accepted value of any field, and step strategies for short runs. */
import { Result, Schema } from "effect"
import fc from "fast-check"
import { toCamel } from "../Arguments/ArgumentNames.ts"
import * as Arguments from "../Arguments/Arguments.ts"
import type { Field } from "../Arguments/Field.ts"
import { schedulers } from "../Arguments/Fields/Training.ts"
import { fields } from "../Arguments/Fields.ts"

const rows: Readonly<Record<string, Field<unknown>>> = fields

const pool: Readonly<Record<Field<unknown>["kind"], ReadonlyArray<unknown>>> = {
  text: ["", "run", "a b", "x=y", "rank=4", "--", "null", "7", "é"],
  number: [-1, 0, 1, 2, 7, 500, 0.5, 0.1, 0.999, 5e-5, 1e-8, 1e3],
  boolean: [true, false],
  switch: [true, false, "run/checkpoint-3"],
  json: [{}, { a: 1 }, { num_cycles: 2, deep: { list: [1, null, "x"] } }, { even_batches: false }],
  list: [[], ["a"], ["attention", "h.\\d+"]]
}

/** Any value that a row takes. */
export const valueOf = (field: Field<unknown>): fc.Arbitrary<unknown> => {
  const { choices } = field
  const many = choices === undefined ? pool[field.kind] : [...choices, ...pool[field.kind]]
  const candidates = [
    ...many,
    ...(choices === undefined || field.kind !== "list" ? [] : [...choices.map((choice) => [choice]), choices.slice(0, 2)]),
    field.default,
    ...(field.nullable === true ? [null] : [])
  ].filter((value) => Schema.is(field.schema)(field.read === undefined ? value : field.read(value)))
  return fc.constantFrom(...candidates)
}

/** A few arguments, of all that there are. */
export const some: fc.Arbitrary<Arguments.Input> = fc
  .uniqueArray(fc.constantFrom(...Arguments.names), { maxLength: 12 })
  .chain(
    (names) =>
      fc.record(Object.fromEntries(names.map((name) => [toCamel(name), valueOf(rows[name]!)]))) as fc.Arbitrary<Arguments.Input>
  )

/** Those that go together. */
export const valid: fc.Arbitrary<Arguments.Input> = some.filter((input) => Result.isSuccess(Arguments.make(input)))

const strategy = fc.constantFrom("no", "steps", "epoch")
const every = fc.oneof(fc.integer({ min: 1, max: 7 }), fc.constantFrom(0.1, 0.25, 0.34, 0.9))

/** When a run does what; not always such as go together. */
export const cadence: fc.Arbitrary<Arguments.Input> = fc.record(
  {
    perDeviceTrainBatchSize: fc.integer({ min: 1, max: 6 }),
    perDeviceEvalBatchSize: fc.integer({ min: 2, max: 8 }),
    gradientAccumulationSteps: fc.integer({ min: 1, max: 3 }),
    numTrainEpochs: fc.constantFrom(0, 0.4, 1, 1.5, 2),
    maxSteps: fc.constantFrom(-1, -1, 0, 1, 5, 9),
    dataloaderDropLast: fc.boolean(),
    loggingStrategy: strategy,
    loggingSteps: every,
    loggingFirstStep: fc.boolean(),
    evalStrategy: strategy,
    evalSteps: fc.option(every),
    evalDelay: fc.constantFrom(0, 0, 1, 3),
    evalOnStart: fc.boolean(),
    saveStrategy: fc.constantFrom("no", "steps", "epoch", "best"),
    saveSteps: every,
    saveTotalLimit: fc.option(fc.integer({ min: 0, max: 3 })),
    loadBestModelAtEnd: fc.boolean(),
    metricForBestModel: fc.option(fc.constantFrom("loss", "eval_loss")),
    greaterIsBetter: fc.option(fc.boolean()),
    lrSchedulerType: fc.constantFrom(...schedulers),
    warmupSteps: fc.nat(4),
    learningRate: fc.constantFrom(0, 1e-3, 0.05)
  },
  { requiredKeys: ["perDeviceTrainBatchSize", "loggingSteps", "saveSteps"] }
)
