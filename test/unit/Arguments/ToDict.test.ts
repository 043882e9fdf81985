/** The dictionaries and JSON of arguments, compared with recordings of Python's TrainingArguments. */
import { Result } from "effect"
import { expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Seq2Seq from "../../../src/Arguments/Seq2SeqArguments.ts"
import { read } from "../../golden/Recorded.ts"

type Dict = Readonly<Record<string, unknown>>

const makeArgs = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))

/** Arguments that differ on purpose: resolved when a run starts, and opt-in trackers (i). */
const ignored = { logging_dir: 0, disable_tqdm: 0, report_to: 0 }

it("toDict equals the recorded one", () => {
  // recorded on the CPU, with use_cpu written as false
  const base = { outputDir: "run", useCpu: true } as const
  const recorded = read<{ readonly to_dict: Dict }>("training_arguments_defaults.json").to_dict
  expect({ ...Arguments.toDict(makeArgs(base)), use_cpu: false, ...ignored }).toEqual({ ...recorded, ...ignored })
  const more = read<{ readonly to_dict: Dict }>("seq2seq_training_arguments_defaults.json").to_dict
  const seq2seq = Arguments.toDict(Result.getOrThrow(Seq2Seq.make(base)))
  expect({ ...seq2seq, use_cpu: false, ...ignored }).toEqual({ ...more, ...ignored })
})

it("toJsonString and toSanitizedDict equal the recorded ones", () => {
  const golden = read<{ readonly to_json_string: Dict; readonly to_sanitized_dict: Dict }>("training_args_to_json_example.json")
  const args = makeArgs({
    outputDir: "run",
    evalStrategy: "steps",
    evalSteps: 5,
    learningRate: 1e-4,
    warmupRatio: 0.1,
    logLevel: "error",
    loggingDir: "run/logs",
    seed: 1234,
    useCpu: true,
    disableTqdm: true,
    reportTo: "tensorboard",
    hubToken: "very secret"
  })
  expect(JSON.parse(Arguments.toJsonString(args))).toEqual(golden.to_json_string)
  expect(Arguments.toSanitizedDict(args)).toEqual(golden.to_sanitized_dict)
  for (const text of [Arguments.toJsonString(args), JSON.stringify(Arguments.toJson(args))]) expect(text).not.toContain("secret")
})

it("fills in derived values", () => {
  expect(
    Arguments.toDict(makeArgs({ evalStrategy: "steps", loggingSteps: 7, loadBestModelAtEnd: true, saveSteps: 7 }))
  ).toMatchObject({
    do_eval: true,
    eval_steps: 7,
    metric_for_best_model: "loss",
    greater_is_better: false
  })
  expect(Arguments.toDict(makeArgs({ metricForBestModel: "f1" }))).toMatchObject({ greater_is_better: true, do_eval: false })
})

it("a redacted token is read as null", () => {
  const args = makeArgs({ hubToken: "secret", pushToHubToken: null })
  const again = Result.getOrThrow(Arguments.fromJson(Arguments.toJson(args)))
  expect(again.input.hubToken).toBe(null)
})

it("formats strings as Python does", () => {
  const { label_names } = Arguments.toSanitizedDict(makeArgs({ labelNames: ["it's", 'a "b"', "both ' and \"", "a\\b"] }))
  expect(label_names).toBe(`["it's", 'a "b"', 'both \\' and "', 'a\\\\b']`)
})
