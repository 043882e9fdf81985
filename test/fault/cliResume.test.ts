/** The command when a run is interrupted or started again: its messages, files, exit code, and how to continue. */
import { cpSync, existsSync, readFileSync } from "node:fs"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Command from "../support/command.ts"

const here = Command.folder()
const { at, regimen, train } = here
afterAll(here.remove)

/** Each command takes a second on an idle machine, and many on a busy one. */
const slow = { timeout: 240_000 }

beforeAll(async () => {
  await train("whole")
}, slow.timeout)

const bytes = (output: string) => readFileSync(at(output, "model.safetensors"))
const status = (output: string): { readonly status: string; readonly step: number } =>
  JSON.parse(readFileSync(at(output, "regimen.json"), "utf8"))

/** Expects the run to have ended as the uninterrupted one. */
const ended = (output: string, { code, stdout }: Command.Ended) => {
  expect(stdout).toContain("Finished tiny: 18 steps")
  expect(code).toBe(0)
  expect(status(output)).toMatchObject({ status: "finished", step: 18 })
  expect(bytes(output).equals(bytes("whole"))).toBe(true)
}

describe.concurrent("a finished run", slow, () => {
  it("has nothing to do when its newest checkpoint is asked for, and trains when another is", async () => {
    cpSync(at("whole"), at("again"), { recursive: true })
    const newest = await train("again", ["--resume_from_checkpoint", "true"])
    expect(newest.stdout).toMatch(/^again has a finished run of tiny: 18 steps.*Nothing to do\.\n$/)
    const older = await train("again", ["--resume_from_checkpoint", "again/checkpoint-16"])
    expect(older.stdout).toContain("Resuming again from checkpoint-16 (step 16).")
    ended("again", older)
  })

  it("is resumed in its folder, and in no other", async () => {
    const [own, other] = await Promise.all([
      regimen(["resume", "whole", "--output_dir", "./whole"]),
      regimen(["resume", "whole", "--output_dir", "other"])
    ])
    expect(own.stdout).toContain("Nothing to do.")
    expect(other.stderr).toMatch(/^regimen: [^\n]*`regimen resume whole` resumes in that folder\. Remove --output_dir[^\n]*\n$/)
    expect([own.code, other.code]).toEqual([0, 2])
    expect(existsSync(at("other"))).toBe(false)
  })
})

describe.concurrent("a run from a checkpoint that was named", slow, () => {
  it.each([
    ["its own", "own", "own/checkpoint-8", "checkpoint-8"],
    ["another folder's", "branch", "whole/checkpoint-8", "whole/checkpoint-8"]
  ])(
    "%s: an interrupted run names the checkpoint to resume from, and ends as the uninterrupted one",
    async (_, output, from, described) => {
      if (output === "own") cpSync(at("whole"), at("own"), { recursive: true })
      const signal = { env: { TINY_SIGNAL: "train:4:SIGINT" } }
      const cut = await train(output, ["--resume_from_checkpoint", from], signal)
      expect(cut.stdout).toContain(`Resuming ${output} from ${described} (step 8).`)
      expect(cut.stdout).toContain(
        `saved in ${output}. Run the same command with --resume_from_checkpoint ${output}/checkpoint-10 to continue.`
      )
      expect(cut.code).toBe(75)
      expect(status(output)).toMatchObject({ status: "interrupted", step: 10 })
      const on = await train(output, ["--resume_from_checkpoint", `${output}/checkpoint-10`])
      expect(on.stdout).toContain(`Resuming ${output} from checkpoint-10 (step 10).`)
      ended(output, on)
    }
  )

  it("another folder's: cut before it began, nothing is saved; cut before an update, its start is", async () => {
    const from = ["--resume_from_checkpoint", "whole/checkpoint-8"]
    const early = await train("early", from, { env: { TINY_SIGNAL: "train:1:SIGINT" } })
    expect(early.stdout).toContain("Interrupted before the first update: there was nothing to save.")
    expect(early.code).toBe(75)
    expect(status("early")).toMatchObject({ status: "interrupted", step: 0 })
    expect(existsSync(at("early", "checkpoint-8"))).toBe(false)
    const late = await train("early", from, { env: { TINY_SIGNAL: "train:2:SIGINT" } })
    expect(late.stdout).toContain("Interrupted at step 8 and saved in early.")
    expect(late.code).toBe(75)
    expect(existsSync(at("early", "checkpoint-8"))).toBe(true)
    ended("early", await regimen(["resume", "early", "--device", "cpu"]))
  })
})

describe.concurrent("a signal", slow, () => {
  it("after the last event changes nothing: the run is finished (0)", async () => {
    ended("end", await train("end", [], { env: { TINY_SIGNAL: "end:1:SIGINT" } }))
  })

  it.each(["SIGINT", "SIGTERM"])("%s before there is a run writes nothing and exits with 130", async (signal) => {
    const output = `none-${signal}`
    const cut = await train(output, [], { env: { TINY_SIGNAL: `open:1:${signal}` } })
    expect([cut.stdout, cut.stderr, cut.code]).toEqual(["", "", 130])
    expect(existsSync(at(output))).toBe(false)
  })
})
