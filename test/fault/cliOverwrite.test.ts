/** The command with `--overwrite_output_dir`: what goes, what stays, and when. */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Command from "../support/command.ts"

const here = Command.folder()
const { at, regimen, train } = here
afterAll(here.remove)

/** Each command takes a second on an idle machine, and many on a busy one. */
const slow = { timeout: 240_000 }

beforeAll(async () => {
  await train("whole", ["--report_to", "tensorboard"])
  cpSync(at("whole"), at("copy"), { recursive: true })
}, slow.timeout)

/** Every file of a folder, with its bytes. */
const files = (output: string) =>
  Object.fromEntries(
    readdirSync(at(output), { recursive: true })
      .map(String)
      .filter((name) => statSync(at(output, name)).isFile())
      .sort()
      .map((name) => [name, readFileSync(at(output, name)).toString("base64")])
  )

describe.concurrent("--overwrite_output_dir", slow, () => {
  it("takes away a run and its files, and none of another's", async () => {
    cpSync(at("whole"), at("shared"), { recursive: true })
    const others = [
      "letter.txt",
      "model.safetensors.index.json",
      "figures/mine.png",
      "runs/other/events",
      "checkpoint-7/notes.txt"
    ]
    for (const name of others) {
      mkdirSync(at("shared", name, ".."), { recursive: true })
      writeFileSync(at("shared", name), "dear")
    }
    const anew = await train("shared", ["--overwrite_output_dir", "--max_steps", "2"])
    expect(anew.stdout).toContain("Finished tiny: 2 steps")
    expect(anew.code).toBe(0)
    for (const name of others) expect(readFileSync(at("shared", name), "utf8")).toBe("dear")
    expect(
      readdirSync(at("shared"))
        .filter((name) => name.startsWith("checkpoint-"))
        .sort()
    ).toEqual(["checkpoint-2", "checkpoint-7"])
    expect(readdirSync(at("shared", "runs"))).toEqual(["other"])
    expect(readFileSync(at("shared", "log.jsonl"), "utf8")).not.toContain('"step":18')
    expect(JSON.parse(readFileSync(at("shared", "regimen.json"), "utf8"))).toMatchObject({ status: "finished", step: 2 })
  })

  const contradicts =
    /names a checkpoint of the output folder, and overwrite_output_dir clears that folder: leave one of them out/
  it.each([
    ["a model that fails", [], { TINY: "bug" }, 2, /the model's own bug/],
    ["data without rows", [], { TINY: "empty" }, 2, /dataset is empty/],
    ["an argument that is wrong", ["--per_device_train_batch_size", "0"], {}, 2, /per_device_train_batch_size is 0/],
    ["a strategy that never saves the best", ["--load_best_model_at_end"], {}, 2, /load_best_model_at_end/],
    ["a checkpoint that is not there", ["--resume_from_checkpoint", "nowhere"], {}, 2, /no checkpoint at nowhere/],
    ["its own newest checkpoint", ["--resume_from_checkpoint", "true"], {}, 2, contradicts],
    ["its own folder", ["--resume_from_checkpoint", "whole"], {}, 2, contradicts],
    ["a checkpoint of its own", ["--resume_from_checkpoint", "./whole/checkpoint-8"], {}, 2, contradicts],
    ["one of another model", ["--resume_from_checkpoint", "copy/checkpoint-8"], { TINY: "wider" }, 1, /not of this run/]
  ] as const)("with %s leaves the old run whole", async (_, words, env, code, message) => {
    const before = files("whole")
    const refused = await train("whole", ["--overwrite_output_dir", ...words], { env })
    expect(refused.stderr).toMatch(message)
    expect(refused.stderr).toMatch(/^regimen: [^\n]*\n$/)
    expect(refused.code).toBe(code)
    expect(files("whole")).toEqual(before)
  })

  it("starts from another folder's checkpoint; cut, it is resumed without clearing again", async () => {
    cpSync(at("whole"), at("old"), { recursive: true })
    const words = ["--overwrite_output_dir", "--resume_from_checkpoint", "whole/checkpoint-8"]
    const cut = await train("old", words, { env: { TINY_SIGNAL: "train:5:SIGINT" } })
    expect(cut.stdout).toContain(
      "saved in old. Run `regimen resume old` (the same command has overwrite_output_dir) to continue."
    )
    expect(cut.code).toBe(75)
    expect(existsSync(at("old", "checkpoint-18"))).toBe(false)
    const on = await regimen(["resume", "old", "--device", "cpu"])
    expect(on.code).toBe(0)
    expect(readFileSync(at("old", "model.safetensors")).equals(readFileSync(at("whole", "model.safetensors")))).toBe(true)
  })
})
