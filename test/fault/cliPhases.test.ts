/** What the command is asked to do: train, evaluate, predict; on the program's data or on files; by flags or by a spec. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Command from "../support/command.ts"

const { at, regimen, remove, train } = Command.folder()
afterAll(remove)

const slow = { timeout: 240_000 }
const json = (file: string): Readonly<Record<string, unknown>> => JSON.parse(readFileSync(at(file), "utf8"))
const rows = Array.from({ length: 5 }, (_, i) => ({ x: [Math.sin(i), Math.sin(2 * i), Math.sin(3 * i)], label: i % 2 }))

beforeAll(async () => {
  writeFileSync(at("rows.xml"), "")
  writeFileSync(at("rows.jsonl"), rows.map((row) => JSON.stringify(row)).join("\n"))
  writeFileSync(
    at("spec.json"),
    JSON.stringify({
      program: Command.tiny,
      ...{ output_dir: "spec", do_train: true, do_eval: true, do_predict: true, disable_tqdm: true, num_train_epochs: 1 },
      ...{ train_file: "rows.jsonl", validation_file: "rows.jsonl", test_file: "rows.jsonl" }
    })
  )
  await train("whole")
}, slow.timeout)

describe.concurrent("the phases", slow, () => {
  it("training leaves its results", () => {
    expect(json("whole/train_results.json")).toMatchObject({ epoch: 3, train_samples: 12 })
    expect(json("whole/all_results.json")).toEqual(json("whole/train_results.json"))
    const { max_steps, ...state } = json("whole/trainer_state.json")
    const last = expect.objectContaining({ step: max_steps, train_loss: expect.any(Number) })
    expect(state).toMatchObject({ epoch: 3, global_step: max_steps, log_history: expect.arrayContaining([last]) })
  })

  it("what was trained is evaluated and predicted without another step", async () => {
    const more = ["--num_train_epochs", "4"] // a training would go on
    const ended = await train("whole", ["--do_eval", "--do_predict", "--test_file", "rows.jsonl", ...more])
    expect([ended.code, ended.stderr]).toEqual([0, ""])
    expect(ended.stdout).not.toMatch(/^step/m)
    expect(ended.stdout).toMatch(/^\*{5} eval metrics \*{5}\n(?: {2}\w+ += +\S+\n)+\*{5} predict metrics \*{5}\n/)
    expect(json("whole/eval_results.json")).toMatchObject({ eval_samples: 6, epoch: 3 })
    expect(json("whole/predict_results.json")).toMatchObject({ predict_samples: 5 })
    const predictions = readFileSync(at("whole/predictions.jsonl"), "utf8").trimEnd().split("\n")
    expect(predictions.map((line) => JSON.parse(line).length)).toEqual([2, 2, 2, 2, 2])
    expect(json("whole/all_results.json")).toMatchObject({ train_samples: 12, eval_samples: 6, predict_samples: 5 })
  })

  it("cut in the evaluation after the training it keeps the training (75), and goes on without it", async () => {
    const cut = await train("after", ["--do_train", "--do_eval"], { env: { TINY_SIGNAL: "eval:12:SIGINT" } })
    expect(cut.stdout).toContain("Finished tiny: 18 steps")
    expect(cut.stdout).toContain(
      "Interrupted after the training, which is saved in after. Run the same command with --do_eval and without --do_train to continue."
    )
    expect([cut.code, cut.stderr]).toEqual([75, ""])
    expect(json("after/regimen.json")).toMatchObject({ status: "finished", step: 18 })
    expect(readdirSync(at("after"))).not.toContain("eval_results.json")
    const on = await train("after", ["--do_eval"])
    expect([on.code, json("after/eval_results.json").eval_samples]).toEqual([0, 6])
  })

  it("--json tells what it came to in one object, and the rest on standard error", async () => {
    const ended = await train("machine", ["--json", "--do_train", "--do_eval", "--max_steps", "2"])
    expect(JSON.parse(ended.stdout)).toMatchObject({
      ...{ program: "tiny", output_dir: "machine", status: "finished", step: 2 },
      metrics: { train_samples: 12, eval_samples: 6 }
    })
    expect(ended.stderr).toContain("Finished tiny: 2 steps")
    const again = await train("machine", ["--json", "--max_steps", "2"])
    expect(JSON.parse(again.stdout)).toMatchObject({ status: "finished", step: 2 })
    const cut = await train("machine-cut", ["--json"], { env: { TINY_SIGNAL: "train:11:SIGINT" } })
    expect([cut.code, JSON.parse(cut.stdout)]).toEqual([75, expect.objectContaining({ status: "interrupted", step: 9 })])
    const refused = await train("machine-none", ["--json", "--do_predict"])
    expect([refused.code, refused.stdout]).toEqual([2, ""])
    expect(JSON.parse(refused.stderr)).toMatchObject({ error: { _tag: "ContradictoryArguments" } })
  })

  it("no line of any help is longer than the terminal is wide", async () => {
    for (const words of [[], ["train"], ["resume"], ["plan"], ["inspect"], ["doctor"], ["predict"], ["generate"]]) {
      const { stdout, code } = await regimen([...words, "--help"])
      expect(code).toBe(0)
      expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([])
    }
  })

  it("a spec names the program, its arguments and its files; flags win; resume knows it all", async () => {
    const ended = await regimen(["train", "spec.json", "--device", "cpu", "--run_name", "mine"])
    expect([ended.code, ended.stderr]).toEqual([0, ""])
    expect(ended.stdout).toContain("run_name=mine")
    expect(json("spec/all_results.json")).toMatchObject({ train_samples: 5, eval_samples: 5, predict_samples: 5, epoch: 1 })
    expect(readdirSync(at("spec"))).toContain("predictions.jsonl")
    const again = await regimen(["resume", "spec", "--device", "cpu"])
    expect([again.code, again.stdout]).toEqual([0, expect.stringMatching(/^\*+ eval metrics [\s\S]*\n\*+ predict metrics /)])
    const planned = await regimen(["plan", "spec.json", "--json"])
    expect(JSON.parse(planned.stdout)).toMatchObject({ max_steps: 3 })
  })

  it.each([
    ["no test data", 2, ["--do_predict"], "there is no test data"],
    ["a flag without its file", 2, ["--train_file"], "--train_file needs the path of a file"],
    ["a file that is not there", 2, ["--train_file", "none.jsonl"], "none.jsonl"],
    ["a file of another kind", 2, ["--validation_file", "rows.xml"], "has an unsupported extension; supported are"],
    ["nothing that was trained", 2, ["--do_eval"], "There is no checkpoint at"]
  ])("reports %s before anything runs (%i)", async (name, code, words, message) => {
    const ended = await train(`refused-${name.replaceAll(" ", "-")}`, words)
    expect(ended.stderr).toContain(message)
    expect([ended.code, ended.stdout]).toEqual([code, ""])
  })

  it("refuses an invalid spec (2)", async () => {
    writeFileSync(at("broken.json"), "{")
    writeFileSync(at("empty.json"), "{}")
    writeFileSync(at("unknown.json"), JSON.stringify({ program: Command.tiny, learning_rat: 1 }))
    const ended = await Promise.all(["broken", "empty", "unknown"].map((name) => regimen(["train", `${name}.json`])))
    expect(ended.map(({ code }) => code)).toEqual([2, 2, 2])
    expect(ended.map(({ stderr }) => stderr)).toEqual([
      expect.stringContaining("it is not JSON"),
      expect.stringContaining("a spec is an object"),
      expect.stringContaining("Did you mean learning_rate")
    ])
  })
})
