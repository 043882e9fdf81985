/** What `regimen generate` looks at before it writes the first text. */
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Command from "../../support/command.ts"
import * as Models from "../../support/taskModels.ts"

const { at, remove } = Command.folder()
beforeAll(() => Models.model(at("gpt2"), "gpt2"))
afterAll(remove)

it.each([
  ["is empty", "", /A prompt is empty/],
  ["is too long", "Ann lives in Oslo. ".repeat(5), /64 positions/]
])("nothing is written where a later prompt %s", async (_, prompt, reason) => {
  const words = ["generate", at("gpt2"), "Ann", prompt, "--max_new_tokens", "4", "--device", "cpu"]
  const { code, stderr, stdout } = await Command.inProcess(words)
  expect(`${stdout}${stderr}`).toMatch(reason)
  expect([code, stdout]).toEqual([2, ""])
})
