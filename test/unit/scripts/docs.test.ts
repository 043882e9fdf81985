import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, expect, it } from "vitest"

// Inside the checkout, so that "regimen" and "node:assert" resolve as they do for the real docs.
const checkout = join(import.meta.dirname, "../../..")
mkdirSync(join(checkout, "build"), { recursive: true })
const folder = mkdtempSync(join(checkout, "build/docs-test-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it("type-checks and runs examples, and points at their lines", () => {
  mkdirSync(join(folder, "src"))
  writeFileSync(
    join(folder, "README.md"),
    [
      "```ts",
      "const good: number = 1",
      "export { good }",
      "```",
      "",
      "```ts no-run",
      'throw new Error("never run")',
      "```",
      "```sh",
      "not TypeScript",
      "```",
      "```ts",
      "export const bad: string = 1",
      "```"
    ].join("\n")
  )
  writeFileSync(
    join(folder, "src/One.ts"),
    `/**
 * Doubles.
 *
 * @example
 * \`\`\`ts
 * import assert from "node:assert/strict"
 *
 * assert.equal(2 * 2, 5)
 * \`\`\`
 */
export const double = 2

/**
 * \`\`\`ts
 * export const silent = 1
 * \`\`\`
 */
export const silent = 1
`
  )
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(checkout, "scripts/docs.ts"), folder], {
    encoding: "utf8"
  })
  const findings = stderr.split("\n").filter((line) => /^(README|src)/.test(line))
  expect(findings).toEqual([
    "README.md:13: TS2322: Type 'number' is not assignable to type 'string'.",
    "src/One.ts:8: Expected values to be strictly equal:",
    "src/One.ts:14: the example asserts nothing"
  ])
  expect(stdout).toBe("3 findings in 5 examples\n")
  expect(status).toBe(1)
})
