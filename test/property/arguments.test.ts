/** Arguments through JSON and through flags are the same arguments. */
import { Result } from "effect"
import fc from "fast-check"
import { expect, it } from "vitest"
import * as Arguments from "../../src/Arguments/Arguments.ts"
import { optims, schedulers } from "../../src/Arguments/Fields.ts"
import * as Flags from "../../src/Arguments/Flags.ts"
import { toCamel } from "../../src/Arguments/Names.ts"

const strategy = fc.constantFrom("no", "steps", "epoch")
const ratio = fc.integer({ min: 1, max: 99 }).map((n) => n / 100)

const input: fc.Arbitrary<Arguments.Input> = fc.record(
  {
    outputDir: fc.constantFrom("run", "a b", "x=y"),
    evalStrategy: strategy,
    perDeviceTrainBatchSize: fc.integer({ min: 1, max: 64 }),
    learningRate: fc.constantFrom(0, 5e-5, 1e-3, 1),
    numTrainEpochs: fc.constantFrom(0.4, 1, 3),
    maxSteps: fc.integer({ min: -1, max: 100 }),
    lrSchedulerType: fc.constantFrom(...schedulers.filter((name) => name !== "reduce_lr_on_plateau")),
    lrSchedulerKwargs: fc.option(fc.constant({ num_cycles: 2 })),
    warmupRatio: ratio,
    loggingStrategy: strategy,
    loggingSteps: fc.oneof(fc.integer({ min: 1, max: 50 }), ratio),
    saveTotalLimit: fc.option(fc.nat(5)),
    evalOnStart: fc.boolean(),
    greaterIsBetter: fc.option(fc.boolean()),
    labelNames: fc.option(fc.array(fc.constantFrom("labels", "y"), { minLength: 1, maxLength: 3 })),
    optim: fc.constantFrom(...optims.filter((name) => !name.startsWith("galore"))),
    optimTargetModules: fc.option(fc.constant(["attention", "mlp"])),
    resumeFromCheckpoint: fc.option(fc.oneof(fc.boolean(), fc.constant("run/checkpoint-1")))
  },
  { requiredKeys: [] }
)

const made = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))

it("toJson and fromJson give arguments back", () => {
  fc.assert(
    fc.property(input, (input) => {
      const args = made(input)
      const json: unknown = JSON.parse(JSON.stringify(Arguments.toJson(args)))
      expect(made(Result.getOrThrow(Arguments.fromJson(json)).input)).toEqual(args)
    }),
    { numRuns: 300 }
  )
})

it("flags give arguments back, whatever way they are written in", () => {
  fc.assert(
    fc.property(input, fc.boolean(), fc.boolean(), (input, attach, dashes) => {
      const words = Arguments.names.flatMap((name) => {
        const value = input[toCamel(name)]
        if (value === undefined || (value === null && name !== "save_total_limit")) return []
        const flag = `--${dashes ? name.replaceAll("_", "-") : name}`
        if (Array.isArray(value)) return [flag, ...value]
        const text = typeof value === "object" ? JSON.stringify(value) : String(value)
        return attach ? [`${flag}=${text}`] : [flag, text]
      })
      const read = Result.getOrThrow(Flags.split(["train", ...words, "--json"]))
      expect(read.rest).toEqual(["train", "--json"])
      expect(made(read.input)).toEqual(made(input))
    }),
    { numRuns: 300 }
  )
})

it("never throws, whatever the words are", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...Arguments.names.map((name) => `--${name}`)))), (words) => {
      const split = Flags.split(words)
      if (Result.isSuccess(split)) Arguments.make(split.success.input)
      else expect(split.failure.message).not.toBe("")
    }),
    { numRuns: 1000 }
  )
})
