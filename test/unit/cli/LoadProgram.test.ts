/** Which files have a program, and the errors of those that do not. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { afterAll, expect, it } from "vitest"
import { load } from "../../../src/cli/LoadProgram.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-load-"))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))

const refusal = (name: string, source: string) => {
  writeFileSync(at(name), source)
  return load(at(name)).pipe(
    Effect.flip,
    Effect.map(({ message }) => message),
    Effect.provide(NodeServices.layer),
    Effect.runPromise
  )
}

it("refuses a script that trains by itself before it runs, and says how to run it", async () => {
  const script = `import { writeFileSync } from "node:fs"\nwriteFileSync(${JSON.stringify(at("trained"))}, "")\nawait Promise.resolve()\n`
  expect(await refusal("script.mjs", script)).toBe(
    `${at("script.mjs")}: it exports no program. Write \`export default Program.make({ ... })\`; a script that calls trainer.train() itself is run with \`node ${at("script.mjs")}\`.`
  )
  expect(existsSync(at("trained"))).toBe(false)
})

it("refuses a default export that is no program", async () => {
  expect(await refusal("number.mjs", "export default 1\n")).toContain("it exports no program")
})
