import { Result } from "effect"
import { expect, it } from "vitest"
import * as Flags from "../../../src/Arguments/Flags.ts"

const input = (...words: ReadonlyArray<string>) => Result.getOrThrow(Flags.split(words)).input
const rest = (...words: ReadonlyArray<string>) => Result.getOrThrow(Flags.split(words)).rest
const refused = (...words: ReadonlyArray<string>) => Result.getOrThrow(Result.flip(Flags.split(words))).message

it("parses values after a flag, or attached with =", () => {
  expect(input("--learning_rate", "5e-5", "--max_steps=-1", "--output_dir", "runs/a=b")).toEqual({
    learningRate: 5e-5,
    maxSteps: -1,
    outputDir: "runs/a=b"
  })
  expect(input("--max_steps", "-1")).toEqual({ maxSteps: -1 })
  expect(input("--max_steps", "10_000")).toEqual({ maxSteps: 10_000 })
  expect(input("--learning-rate", "1")).toEqual({ learningRate: 1 })
  expect(input("--output_dir=")).toEqual({ outputDir: "" })
})

it("parses boolean flags alone, with a value, or negated", () => {
  expect(input("--eval_on_start")).toEqual({ evalOnStart: true })
  expect(input("--eval_on_start", "false")).toEqual({ evalOnStart: false })
  expect(input("--eval_on_start=No", "--ignore_data_skip", "1")).toEqual({ evalOnStart: false, ignoreDataSkip: true })
  expect(input("--no_eval_on_start")).toEqual({ evalOnStart: false })
  expect(input("--eval_on_start", "train.ts")).toEqual({ evalOnStart: true })
  expect(rest("--eval_on_start", "train.ts")).toEqual(["train.ts"])
  expect(input("--greater_is_better", "none")).toEqual({ greaterIsBetter: null })
})

it("parses dictionaries as JSON and lists as words", () => {
  expect(input("--lr_scheduler_kwargs", '{"num_cycles": 2}')).toEqual({ lrSchedulerKwargs: { num_cycles: 2 } })
  expect(input("--label_names", "a", "b", "--seed", "1")).toEqual({ labelNames: ["a", "b"], seed: 1 })
  expect(input("--label_names", "a", "b")).toEqual({ labelNames: ["a", "b"] })
})

it("parses null if the argument accepts it", () => {
  expect(input("--save_total_limit", "null", "--eval_steps=None")).toEqual({ saveTotalLimit: null, evalSteps: null })
  expect(refused("--max_steps", "null")).toContain("max_steps")
})

it("parses resume_from_checkpoint as a boolean or a folder", () => {
  expect(input("--resume_from_checkpoint", "True")).toEqual({ resumeFromCheckpoint: true })
  expect(input("--resume_from_checkpoint", "run/checkpoint-3")).toEqual({ resumeFromCheckpoint: "run/checkpoint-3" })
})

it("takes the last value of a repeated flag, and warns of removed names", () => {
  expect(input("--seed", "1", "--seed", "2")).toEqual({ seed: 2 })
  const { input: read, warnings } = Result.getOrThrow(Flags.split(["--evaluation_strategy", "epoch"]))
  expect([read, warnings]).toEqual([{ evalStrategy: "epoch" }, ["evaluation_strategy is called eval_strategy now."]])
})

it("does not parse other words of the command, and none after --", () => {
  expect(rest("train", "a.ts", "--json", "-h", "--device", "cpu", "--seed", "3", "--", "--seed", "4")).toEqual([
    ...["train", "a.ts", "--json", "-h", "--device", "cpu", "--", "--seed", "4"]
  ])
})

it("parses --log_level, and not the command's own --log-level", () => {
  expect(input("--log_level", "error")).toEqual({ logLevel: "error" })
  expect(rest("train", "--log-level", "trace")).toEqual(["train", "--log-level", "trace"])
  expect(rest("--log-level=all")).toEqual(["--log-level=all"])
})

it("rejects values that cannot be parsed, and suggests the nearest name for an unknown flag", () => {
  expect(refused("--learning_rate", "fast")).toBe('learning_rate is "fast"; it must be a number of at least 0.')
  expect(refused("--learning_rate")).toBe("learning_rate is missing; it must be a number of at least 0.")
  expect(refused("--learning_rate", "--seed", "1")).toContain("learning_rate is missing")
  expect(refused("--learning_rate", "0x10")).toContain("0x10")
  expect(refused("--lr_scheduler_kwargs", "{")).toContain("in JSON")
  expect(refused("--label_names")).toContain("label_names is missing")
  expect(refused("--eval_on_start=maybe")).toContain("true or false")
  expect(refused("--learnin_rate", "1")).toBe("There is no argument learnin_rate. Did you mean learning_rate?")
})
