/** A scratch copy of the checkout, in which bugs are planted and tests are run. */
import { execFileSync, spawnSync } from "node:child_process"
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import type { Bug } from "./Bug.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const limit = 180_000 // of one test file. Unit: ms

/** How a test went: `broken` if it did not run at all, for example because a module could not be loaded. */
export type Outcome = "passes" | "fails" | "hangs" | "broken"

/** Copies what git knows, also what is not committed, and links what is installed. */
export const make = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "regimen-planted-"))
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8"
  })
  for (const file of listed.split("\0").filter((file) => /^(src|test|examples|docs|scripts|bin)\/|^[^/]+$/.test(file))) {
    mkdirSync(join(folder, dirname(file)), { recursive: true })
    cpSync(join(root, file), join(folder, file), { errorOnExist: false })
  }
  for (const installed of ["node_modules", "build", ".node"]) symlinkSync(join(root, installed), join(folder, installed))
  return folder
}

export const remove = (folder: string): void => rmSync(folder, { recursive: true, force: true })

/** Whether the bug's text is in the checkout exactly once, and its test is there. */
export const canPlant = ({ file, find, test }: Bug): boolean =>
  existsSync(join(root, file)) && existsSync(join(root, test)) && isOnce(readFileSync(join(root, file), "utf8"), find)

const isOnce = (text: string, find: string) => text.split(find).length === 2

/** Runs an effect with a bug in the copy; undefined if its text is not there exactly once. */
export const planted = <A>(folder: string, { file, find, replace }: Bug, run: () => A): A | undefined => {
  const path = join(folder, file)
  if (!existsSync(path)) return undefined
  const text = readFileSync(path, "utf8")
  if (!isOnce(text, find)) return undefined
  writeFileSync(
    path,
    text.replace(find, () => replace)
  )
  try {
    return run()
  } finally {
    writeFileSync(path, text)
  }
}

/** Runs the test of a bug in the copy as it is. */
export const test = (folder: string, bug: Bug): Outcome =>
  bug.check === "types" ? checkTypes(folder, bug.test) : runTest(folder, bug)

const checkTypes = (folder: string, file: string): Outcome => {
  const { stdout } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", "--pretty", "false"], options(folder))
  return stdout.split("\n").some((line) => line.startsWith(`${file}(`)) ? "fails" : "passes"
}

const runTest = (folder: string, { named, test }: Bug): Outcome => {
  const report = join(folder, "report.json")
  rmSync(report, { force: true })
  const only = named === undefined ? [] : ["-t", named]
  const flags = ["--reporter=json", `--outputFile=${report}`]
  const ended = spawnSync(process.execPath, ["node_modules/vitest/vitest.mjs", "run", test, ...only, ...flags], options(folder))
  if (ended.error !== undefined) return "hangs"
  try {
    const { numFailedTests, numPassedTests } = JSON.parse(readFileSync(report, "utf8"))
    if (numFailedTests > 0) return "fails"
    return ended.status === 0 && numPassedTests > 0 ? "passes" : "broken"
  } catch {
    return "broken"
  }
}

const options = (cwd: string) => ({ cwd, encoding: "utf8", timeout: limit, killSignal: "SIGKILL" }) as const
