import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Seq2Seq from "../../../src/Arguments/Seq2SeqArguments.ts"
import { read } from "../../golden/Recorded.ts"

const makeArgs = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))
const refused = (input: Arguments.Input) => Result.getOrThrow(Result.flip(Arguments.make(input)))

interface Recorded {
  readonly fields: ReadonlyArray<{
    readonly name: string
    readonly declared_default: unknown
    readonly value_after_init: unknown
  }>
}

describe.each([
  ["training_arguments_defaults.json", () => Arguments.toJson(makeArgs({}))],
  ["seq2seq_training_arguments_defaults.json", () => Seq2Seq.toJson(Result.getOrThrow(Seq2Seq.make({})))]
] as const)("%s", (file, json) => {
  const { fields } = read<Recorded>(file)

  it("has exactly the recorded arguments", () => {
    expect(Object.keys(json()).sort()).toEqual(fields.map(({ name }) => name).sort())
  })

  it.each(fields.map((field) => [field.name, field] as const))("%s", (name, field) => {
    const ours = (json() as Readonly<Record<string, unknown>>)[name]
    if (name === "output_dir")
      expect(ours).toBe("trainer_output") // the documented default for null
    else if (name === "report_to")
      expect(ours).toEqual([]) // (i): trackers are opt-in
    else if (normalized.has(name)) expect(ours).toEqual(field.value_after_init)
    else expect(ours).toEqual(field.declared_default)
  })
})

/** Arguments that accept several spellings of a value and normalize them. */
const normalized = new Set(["accelerator_config", "debug", "fsdp", "fsdp_config", "include_num_input_tokens_seen"])

it("names the invalid value and the expected one", () => {
  expect(refused({ perDeviceTrainBatchSize: 0 }).message).toBe(
    "per_device_train_batch_size is 0; it must be a whole number of at least 1."
  )
  expect(refused({ learningRate: -1 }).message).toBe("learning_rate is -1; it must be a number of at least 0.")
  expect(refused({ warmupRatio: 1.5 }).message).toBe("warmup_ratio is 1.5; it must be a number of at least 0 and at most 1.")
  expect(refused({ optim: "nope" as "sgd" }).message).toContain('"adamw_torch"')
  expect(refused({ saveTotalLimit: 1.5 }).message).toBe("save_total_limit is 1.5; it must be a whole number, or null.")
  expect(refused({ learningRate: NaN })._tag).toBe("InvalidArgument")
})

it("rejects an unknown name, and suggests the nearest", () => {
  expect(refused({ learningRat: 1 } as Arguments.Input).message).toBe(
    "There is no argument learningRat. Did you mean learningRate?"
  )
  const error = Result.getOrThrow(Result.flip(Arguments.fromJson({ per_device_batch_size: 1 })))
  expect(error.message).toBe("There is no argument per_device_batch_size. Did you mean per_device_eval_batch_size?")
  expect(Result.getOrThrow(Result.flip(Arguments.fromJson({ zzz: 1 }))).message).toBe("There is no argument zzz.")
  expect(Result.isFailure(Arguments.fromJson({ constructor: 1 }))).toBe(true)
  for (const json of [null, 3, [], "x"])
    expect(Result.getOrThrow(Result.flip(Arguments.fromJson(json)))._tag).toBe("InvalidArgument")
})

describe("goal", () => {
  it.each([
    [{}, null],
    [{ metricForBestModel: "loss" }, { metric: "eval_loss", mode: "min" }],
    [{ metricForBestModel: "eval_f1" }, { metric: "eval_f1", mode: "max" }],
    [
      { metricForBestModel: "f1", greaterIsBetter: false },
      { metric: "eval_f1", mode: "min" }
    ],
    [{ metricForBestModel: "a_loss" }, { metric: "eval_a_loss", mode: "min" }],
    [
      { loadBestModelAtEnd: true, evalStrategy: "steps" },
      { metric: "eval_loss", mode: "min" }
    ],
    [
      { lrSchedulerType: "reduce_lr_on_plateau", evalStrategy: "epoch" },
      { metric: "eval_loss", mode: "min" }
    ]
  ] as ReadonlyArray<readonly [Arguments.Input, ReturnType<typeof Arguments.goal>]>)("of %j is %j", (input, goal) => {
    expect(Arguments.goal(makeArgs(input))).toEqual(goal)
  })
})
