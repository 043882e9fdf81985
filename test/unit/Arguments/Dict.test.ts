/** Arguments as the dictionaries that Python writes. */
import { Result } from "effect"
import { expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Seq2Seq from "../../../src/Arguments/Seq2SeqArguments.ts"
import { read } from "../../golden/Recorded.ts"

type Dict = Readonly<Record<string, unknown>>

const made = (input: Arguments.Input) => Result.getOrThrow(Arguments.make(input))

/** Found out when a run starts; and trackers are opt-in (i). */
const apart = { logging_dir: 0, disable_tqdm: 0, report_to: 0 }

it("toDict is what the real ones hold after their checks", () => {
  // recorded on the processor, and written down as if not
  const base = { outputDir: "run", useCpu: true } as const
  const recorded = read<{ readonly to_dict: Dict }>("training_arguments_defaults.json").to_dict
  expect({ ...Arguments.toDict(made(base)), use_cpu: false, ...apart }).toEqual({ ...recorded, ...apart })
  const more = read<{ readonly to_dict: Dict }>("seq2seq_training_arguments_defaults.json").to_dict
  const seq2seq = Arguments.toDict(Result.getOrThrow(Seq2Seq.make(base)))
  expect({ ...seq2seq, use_cpu: false, ...apart }).toEqual({ ...more, ...apart })
})

it("toJsonString and toSanitizedDict are the recorded ones", () => {
  const golden = read<{ readonly to_json_string: Dict; readonly to_sanitized_dict: Dict }>("training_args_to_json_example.json")
  const args = made({
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

it("fills in what follows from the rest", () => {
  expect(
    Arguments.toDict(made({ evalStrategy: "steps", loggingSteps: 7, loadBestModelAtEnd: true, saveSteps: 7 }))
  ).toMatchObject({
    do_eval: true,
    eval_steps: 7,
    metric_for_best_model: "loss",
    greater_is_better: false
  })
  expect(Arguments.toDict(made({ metricForBestModel: "f1" }))).toMatchObject({ greater_is_better: true, do_eval: false })
})

it("a written token is read as none", () => {
  const args = made({ hubToken: "secret", pushToHubToken: null })
  const again = Result.getOrThrow(Arguments.fromJson(Arguments.toJson(args)))
  expect(again.input.hubToken).toBe(null)
})

it("writes texts as Python does", () => {
  const { label_names } = Arguments.toSanitizedDict(made({ labelNames: ["it's", 'a "b"', "both ' and \"", "a\\b"] }))
  expect(label_names).toBe(`["it's", 'a "b"', 'both \\' and "', 'a\\\\b']`)
})
