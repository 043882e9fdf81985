/** The whole command: interrupted and resumed runs, unusable folders and files, and the exit codes, which are a contract. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { canonical } from "../../src/Layer/Logger/CanonicalLog.ts"
import { read } from "../../src/Layer/Logger/Jsonl.ts"
import * as Command from "../support/command.ts"

const here = Command.folder()
const { at, regimen, train } = here
afterAll(here.remove)

/** Each command takes a second on an idle machine, and many on a busy one. */
const slow = { timeout: 240_000 }

/** The run that was never cut. */
let whole: Command.Ended
beforeAll(async () => {
  whole = await train("whole")
}, slow.timeout)

const bytes = (output: string) => readFileSync(at(output, "model.safetensors"))
const status = (output: string): { readonly status: string; readonly step: number } =>
  JSON.parse(readFileSync(at(output, "regimen.json"), "utf8"))

/** The canonical log, but for what names the run and its folder. */
const log = async (output: string) => {
  const entries = await Effect.runPromise(Effect.provide(read(at(output, "log.jsonl")), NodeServices.layer))
  return canonical(entries)
    .filter(({ _tag }) => _tag !== "Config")
    .map(({ run: _, ...entry }) => entry)
}

const sameRun = async (output: string) => {
  expect(bytes(output).equals(bytes("whole"))).toBe(true)
  expect(await log(output)).toEqual(await log("whole"))
  expect(status(output)).toMatchObject({ status: "finished", step: 18 })
}

/** Expects an error of one line, without a stack trace. */
const expectError = (ended: Command.Ended, code: number, words: RegExp) => {
  expect(ended.stderr).toMatch(words)
  expect(ended.stderr).toMatch(/^regimen: [^\n]*\n$/)
  expect(ended.code).toBe(code)
}

describe.concurrent("a run", slow, () => {
  it("reports to TensorBoard where it is asked to, in its folder or another", async () => {
    const words = ["--max_steps", "2", "--report_to", "tensorboard", "--disable_tqdm"]
    const [own, other] = await Promise.all([train("own", words), train("other", [...words, "--logging_dir", at("boards")])])
    expect([own.code, other.code]).toEqual([0, 0])
    for (const folder of [at("own", "runs"), at("boards")]) expect(readdirSync(folder)[0]).toMatch(/^events\.out\.tfevents\./)
    expect(existsSync(at("other", "runs"))).toBe(false)
    expect(existsSync(at("whole", "runs"))).toBe(false)
  })

  it("ends with 0 and leaves its files; the output has no control characters", () => {
    expect(whole.code).toBe(0)
    expect(whole.stderr).toBe("")
    expect(whole.stdout).toMatch(
      /Finished tiny: 18 steps, eval_loss .*whole: model\.safetensors, the log \(log\.jsonl\) and the figures/
    )
    expect(whole.stdout).not.toMatch(/[^\n\P{Cc}]/u)
    const config = /^step.* config .*(?:\n {4}.*)*/m.exec(whole.stdout)?.[0]
    expect(config).toContain("learning_rate=0.05")
    expect(config).not.toContain("adam_beta1")
    expect(readdirSync(at("whole")).sort()).toEqual(
      expect.arrayContaining(["checkpoint-16", "checkpoint-18", "figures", "log.jsonl", "model.safetensors", "regimen.json"])
    )
    expect(readdirSync(at("whole", "figures"))).toContain("loss.svg")
    expect(readdirSync(at("whole")).filter((name) => /lock|tmp|^\./.test(name))).toEqual([])
  })

  it("that is finished trains nothing when it is asked for again", async () => {
    const before = readFileSync(at("whole", "log.jsonl"))
    const again = await train("whole")
    expect(again.code).toBe(0)
    expect(again.stdout).toMatch(/^whole has a finished run of tiny: 18 steps.*Nothing to do\.\n$/)
    expect(readFileSync(at("whole", "log.jsonl")).equals(before)).toBe(true)
  })

  it.each([
    ["SIGINT between updates", "train:11:SIGINT", 9],
    ["SIGTERM in an evaluation", "eval:6:SIGTERM", 12]
  ])("cut by %s is saved (75), and the same command makes it the run that was never cut", async (name, signal, step) => {
    const output = name.replaceAll(" ", "-")
    const cut = await train(output, [], { env: { TINY_SIGNAL: signal } })
    expect(cut.stdout).toContain(`Interrupted at step ${step} and saved in ${output}. Run the same command to continue.`)
    expect(cut.stderr).toBe("")
    expect(cut.code).toBe(75)
    expect(status(output)).toMatchObject({ status: "interrupted", step })
    expect(existsSync(at(output, `checkpoint-${step}`))).toBe(true)
    const on = await train(output)
    expect(on.stdout).toContain(`Resuming ${output} from checkpoint-${step} (step ${step}).`)
    expect(on.stdout).not.toMatch(/step +3 /)
    expect(on.code).toBe(0)
    await sameRun(output)
  })

  it("cut before the first update has nothing to save, and starts again", async () => {
    const cut = await train("early", [], { env: { TINY_SIGNAL: "train:2:SIGINT" } })
    expect(cut.stdout).toContain("Interrupted before the first update")
    expect(cut.code).toBe(75)
    const on = await train("early")
    expect(on.stdout).toContain("again from the beginning: it has no checkpoint.")
    expect(on.code).toBe(0)
    await sameRun("early")
  })

  it("killed goes on from its newest checkpoint; resume needs the folder alone", async () => {
    const killed = await train("killed", [], { env: { TINY_SIGNAL: "train:11:SIGKILL" } })
    expect(killed.signal).toBe("SIGKILL")
    expect(existsSync(at("killed", "run.lock"))).toBe(true)
    const on = await regimen(["resume", "killed", "--device", "cpu"])
    expect(on.stdout).toContain("Resuming killed from checkpoint-8 (step 8).")
    expect(on.stdout).not.toMatch(/step +3 /)
    expect(on.code).toBe(0)
    await sameRun("killed")
  })

  it("that is finished goes on when more epochs are asked for", async () => {
    await train("more", ["--num_train_epochs", "1"])
    const more = await train("more", ["--num_train_epochs", "2"])
    expect(more.stdout).toContain("Resuming more from checkpoint-6")
    expect(more.stdout).toContain("Finished tiny: 12 steps")
    expect(more.code).toBe(0)
  })
})

describe.concurrent("a folder", slow, () => {
  it("of someone else's is refused (2); with --overwrite_output_dir the run starts anew there and leaves their files alone", async () => {
    mkdirSync(at("foreign", "checkpoint-99"), { recursive: true })
    mkdirSync(at("foreign", ".saving-3"))
    writeFileSync(at("foreign", "letter.txt"), "dear")
    expectError(await train("foreign"), 2, /not empty and holds no run of this program.*overwrite_output_dir/)
    const anew = await train("foreign", ["--overwrite_output_dir"])
    expect(anew.code).toBe(0)
    expect(readFileSync(at("foreign", "letter.txt"), "utf8")).toBe("dear")
    expect(readdirSync(at("foreign"))).toContain("checkpoint-99")
    expect(readdirSync(at("foreign"))).not.toContain(".saving-3")
    expect(bytes("foreign").equals(bytes("whole"))).toBe(true)
  })

  it("of another program is refused (2)", async () => {
    expectError(await train("whole", [], { env: { TINY_NAME: "other" } }), 2, /a run of another program \(tiny\)/)
  })

  it("that is a file is refused (2)", async () => {
    writeFileSync(at("file"), "")
    expectError(await train("file"), 2, /it is a file/)
  })

  it("that cannot be written is refused (2)", async () => {
    mkdirSync(at("locked"))
    chmodSync(at("locked"), 0o555)
    chmodSync(here.path, 0o755)
    const unprivileged = process.getuid?.() === 0 ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : []
    expectError(await train("locked/run", [], { before: unprivileged }), 2, /locked\/run cannot be used: .*permissions/)
  })

  it("where none can be made is refused (2), and does not hang", async () => {
    expectError(await train("/proc/regimen/run"), 2, /\/proc\/regimen\/run cannot be used/)
  })

  it("on a full disk is refused before step 0 (2)", async () => {
    expectError(await train("full", [], { script: "test/support/onFullDisk.ts", env: { FULL: "." } }), 2, /the disk is full/)
  })

  it("on a disk that fills up ends the run (1), and the same command goes on", async () => {
    const on = { script: "test/support/onFullDisk.ts" }
    expectError(await train("filling", [], { ...on, env: { FULL: "saving-12" } }), 1, /Checkpoint 12 .*the disk is full/)
    expectError(
      await train("filling", [], { ...on, env: { FULL: "[^/]*filling/model" } }),
      1,
      /at its end.*the disk is full.*same command/
    )
    const end = await train("filling")
    expect(end.code).toBe(0)
    expect(bytes("filling").equals(bytes("whole"))).toBe(true)
  })

  it("where a signal comes and the disk is full says that nothing was saved (1)", async () => {
    const cut = await train("lost", [], {
      script: "test/support/onFullDisk.ts",
      env: { FULL: "saving-(6|7)", TINY_SIGNAL: "train:8:SIGINT" }
    })
    expect(cut.stdout).toMatch(/Interrupted at step 6, and its state could not be saved/)
    expect(cut.stderr).toMatch(/^regimen: [^\n]*could not be saved[^\n]*\n$/)
    expect(cut.code).toBe(1)
  })

  it("with a checkpoint of another model is refused", async () => {
    cpSync(at("whole"), at("model"), { recursive: true })
    const other = await train("model", ["--num_train_epochs", "4"], { env: { TINY: "wider" } })
    expectError(other, 1, /Checkpoint 18 is not of this run.*lin\.weight has shape/)
  })

  it("that another process trains in is left alone, also with --overwrite_output_dir", async () => {
    cpSync(at("whole"), at("busy"), { recursive: true })
    const started = readFileSync(`/proc/${process.pid}/stat`, "utf8")
    writeFileSync(
      at("busy", "run.lock"),
      JSON.stringify({ pid: process.pid, started: started.slice(started.lastIndexOf(")") + 2).split(" ")[19] })
    )
    const before = readFileSync(at("busy", "regimen.json"), "utf8")
    expectError(await train("busy", ["--num_train_epochs", "4"]), 1, new RegExp(`busy is in use by process ${process.pid}`))
    expectError(await train("busy", ["--overwrite_output_dir"]), 1, /busy is in use by process/)
    expect(readFileSync(at("busy", "regimen.json"), "utf8")).toBe(before)
    expect(existsSync(at("busy", "checkpoint-18"))).toBe(true)
  })
})

describe.concurrent("data and arguments", slow, () => {
  it.each([
    ["empty", 2, /dataset is empty/],
    ["ragged", 1, /row \d, column "x": has shape/],
    ["nan", 1, /row 4, column "x": holds NaN/],
    ["bug", 2, /The model fails on a batch.*the model's own bug/]
  ])("reports %s in one line", async (defect, code, words) => {
    expectError(await train(`data-${defect}`, [], { env: { TINY: defect } }), code, words)
  })

  it("reports an unexpected error in one line, and its stack trace with --log-level debug", async () => {
    const [line, all] = await Promise.all([
      train("dies", [], { env: { TINY: "dies" } }),
      train("dies-debug", ["--log-level", "debug"], { env: { TINY: "dies" } })
    ])
    expectError(line, 1, /RangeError: out of the blue\. This is a bug.*--log-level debug/)
    expect(all.stderr).toMatch(/RangeError: out of\s+the blue[\s\S]*\n +at /)
    expect(all.code).toBe(1)
  })

  it("refuses a Node version that is too old (1)", async () => {
    const old = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"22.18.0"}})`
    const ended = await regimen(["train", Command.tiny], { node: ["--import", old] })
    expect(ended.stderr).toMatch(/^regimen needs Node 22\.19 or newer, and this is 22\.18\.0\.[^\n]*\n$/)
    expect(ended.code).toBe(1)
  })

  it.each([
    [["--learning_rat", "1"], /no argument learning_rat\. Did you mean learning_rate\?/],
    [["--per_device_train_batch_size", "0"], /per_device_train_batch_size is 0/],
    [["--per_device_train_batch_size", "20", "--dataloader_drop_last"], /12 rows, fewer than one batch of 20/],
    [
      ["--load_best_model_at_end", "--save_strategy", "epoch", "--metric_for_best_model", "nope"],
      /"eval_nope", which no evaluation gives\. There are: eval_loss, eval_accuracy/
    ],
    [["--resume_from_checkpoint", "nowhere"], /no checkpoint at nowhere/]
  ])("%j: refused before step 0 (2)", async (words, message) => {
    expectError(await train(`args-${words[0]}-${words.length}`, words), 2, message)
  })

  it("suggests the correct name for an unknown flag (2)", async () => {
    const ended = await train("flag", ["--learningrate", "1"])
    expect(ended.stderr).toContain("Did you mean learning_rate?")
    expect(ended.code).toBe(2)
    expect(existsSync(at("flag"))).toBe(false)
  })

  it.each([
    ["missing.ts", undefined, /there is no such file/],
    ["none.ts", "export const x = 1", /exports no program/],
    ["throws.ts", 'export default 1\nthrow new Error("no\\nluck")', /cannot be loaded: no luck/],
    ["syntax.ts", "export default {{\n", /cannot be loaded/]
  ])("the program file %s is refused (2)", async (name, text, message) => {
    if (text !== undefined) writeFileSync(at(name), text)
    expectError(await regimen(["train", name]), 2, message)
  })

  it("resume of a folder without a run is refused (2)", async () => {
    mkdirSync(at("empty-folder"))
    expectError(await regimen(["resume", "empty-folder"]), 2, /it has no run/)
  })
})

describe.concurrent("the other commands", slow, () => {
  it("inspect shows a checkpoint as a table and as JSON", async () => {
    const [table, json] = await Promise.all([
      regimen(["inspect", "whole/checkpoint-8"]),
      regimen(["inspect", "whole/checkpoint-8", "--json"])
    ])
    expect(table.stdout).toMatch(/^step +8\n/)
    expect(table.stdout).toMatch(/parameter +lin\.weight +float32 +\[2, 3\]/)
    expect(table.code).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({
      step: 8,
      parameters: [
        { path: "lin.bias", shape: [2], bytes: 8 },
        { path: "lin.weight", shape: [2, 3], bytes: 24 }
      ]
    })
  })

  it("inspect refuses a folder that is not a checkpoint", async () => {
    const [folder, gone] = await Promise.all([regimen(["inspect", "whole"]), regimen(["inspect", "whole/checkpoint-7"])])
    expectError(folder, 2, /whole is not a checkpoint/)
    expectError(gone, 1, /there is no checkpoint of this step/)
  })

  it("doctor says whether this machine can train", async () => {
    const [text, json] = await Promise.all([regimen(["doctor"]), regimen(["doctor", "--json"])])
    expect(text.stdout).toMatch(/verdict +ready to train/)
    expect(text.code).toBe(0)
    expect(JSON.parse(json.stdout)).toMatchObject({ well: true, node: process.versions.node })
  })

  it("plan prints an array for an array, an object for an object, and exits with 2 on a contradiction alone", async () => {
    const good = { args: { max_steps: 2 }, train_size: 8 }
    const bad = { args: { load_best_model_at_end: true }, train_size: 8 }
    writeFileSync(at("one.json"), JSON.stringify(good))
    writeFileSync(at("two.json"), JSON.stringify([good, bad]))
    writeFileSync(at("bad.json"), JSON.stringify(bad))
    const [one, two, alone, table] = await Promise.all([
      regimen(["plan", "one.json", "--json"]),
      regimen(["plan", "two.json", "--json"]),
      regimen(["plan", "bad.json", "--json"]),
      regimen(["plan", "one.json"])
    ])
    expect([one.code, two.code, alone.code, table.code]).toEqual([0, 0, 2, 0])
    expect(JSON.parse(one.stdout)).toMatchObject({ max_steps: 2 })
    expect(JSON.parse(two.stdout)).toMatchObject([{ max_steps: 2 }, { error: { _tag: "ContradictoryArguments" } }])
    expect(alone.stdout).toBe("")
    expect(JSON.parse(alone.stderr)).toMatchObject({ error: { _tag: "ContradictoryArguments" } })
  })

  it("--help and --version exit with 0, an unknown command with 2", async () => {
    const [help, version, unknown] = await Promise.all([regimen(["--help"]), regimen(["--version"]), regimen(["trian"])])
    expect([help.code, version.code, unknown.code]).toEqual([0, 0, 2])
    expect(help.stdout).toMatch(/SUBCOMMANDS[\s\S]*train[\s\S]*resume[\s\S]*inspect[\s\S]*plan[\s\S]*doctor/)
    expect(version.stdout).toMatch(/\d+\.\d+\.\d+/)
    expect(unknown.stderr).toContain('Unknown subcommand "trian"')
  })

  it("train --help shows every training argument in 80 columns", async () => {
    const { code, stdout } = await regimen(["train", "--help"])
    expect(code).toBe(0)
    const help = stdout.slice(stdout.indexOf("TRAINING ARGUMENTS"))
    expect(help).toMatch(/TRAINING ARGUMENTS[\s\S]*--learning_rate <number>[\s\S]*Evaluation\n[\s\S]*--hub_token/)
    expect(Math.max(...help.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80)
  })
})
