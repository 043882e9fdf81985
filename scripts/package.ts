/**
 * Tries the package as a user gets it: builds and packs it, installs the tarball in a scratch project beside the peers,
 * type-checks and runs a short program of every entry point against it, and starts the command.
 */
import assert from "node:assert/strict"
import { execFileSync, spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import source from "../package.json" with { type: "json" }

const root = join(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "regimen-package-"))
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }))
const write = (file: string, content: unknown) =>
  writeFileSync(join(scratch, file), typeof content === "string" ? content : JSON.stringify(content, null, 2))
const run = (command: string, ...args: ReadonlyArray<string>): string =>
  execFileSync(command, args, { cwd: scratch, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })
const npm = (...args: ReadonlyArray<string>) => run("npm", ...args, "--loglevel=error", "--no-audit", "--no-fund")

await import("./build.ts")

const [packed] = JSON.parse(npm("pack", join(root, "dist"), "--json")) as [
  { filename: string; size: number; files: [{ path: string }] }
]
const wanted =
  /^(package\.json|README\.md|CHANGELOG\.md|LICENSE|LICENSES\/.+|build\/gradients\.cjs|src\/[\w/]+\.(js|js\.map|d\.ts))$/
const unwanted = packed.files.map(({ path }) => path).filter((path) => !wanted.test(path))
assert.deepEqual(unwanted, [], "the tarball holds unexpected files")
assert.ok(packed.size < 2_000_000, `the tarball takes ${packed.size} bytes`)

/** The versions that the checkout is tested with. */
const tested = (names: ReadonlyArray<string>) =>
  Object.fromEntries(names.map((name) => [name, source.devDependencies[name as never]]))

write("package.json", {
  type: "module",
  private: true,
  dependencies: {
    regimen: `file:${packed.filename}`,
    ...tested(Object.keys(source.peerDependencies)),
    ...tested(["@types/node"])
  }
})
npm("install", "--ignore-scripts", "--prefer-offline")
assert.ok(!existsSync(join(scratch, "node_modules/regimen/node_modules")), "a peer is installed twice")

write("program.ts", readProgram())
write("tsconfig.json", {
  compilerOptions: {
    target: "ES2022",
    module: "NodeNext",
    strict: true,
    exactOptionalPropertyTypes: true,
    outDir: ".",
    types: ["node"],
    skipLibCheck: false
  },
  files: ["program.ts"]
})
const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), ["--pretty", "false"], { cwd: scratch, encoding: "utf8" })
const ours = tsc.stdout.split("\n").filter((line) => /^(program\.ts|node_modules\/regimen\/)/.test(line)) // tfjs's own types do not hold
assert.deepEqual(ours, [], "a strict program does not type-check against the package")
assert.equal(run(process.execPath, "program.js").trim(), "true")
assert.match(run(join(scratch, "node_modules/.bin/regimen"), "--version"), new RegExp(source.version.replaceAll(".", "\\.")))

console.log(`${packed.files.length} files, ${Math.round(packed.size / 1024)} KB: installs, type-checks, runs`)

/** A program with every entry point: types, the bundle of gradients, a law, and the Trainer with promises. */
function readProgram(): string {
  return `import { CheckpointStore, Trigger } from "regimen"
import { Dataset } from "regimen/data"
import { Accuracy } from "regimen/metrics"
import { Dense, Gradients, Parameters } from "regimen/nn"
import { Adam } from "regimen/optim"
import { Trainer } from "regimen/promise"
import { Contract, Laws } from "regimen/testing"
import { Transformers } from "regimen/transformers"

Gradients.register()
const edge: Trigger.Trigger = Trigger.epochEnd
Laws.trigger(edge)
for (const { run } of Contract.checkpointStore(CheckpointStore.memory)) await run()
const all = [Dataset.fromArray, Accuracy.make, Dense.init, Parameters.make, Adam.scaleByAdam, Trainer.make, Transformers.make]
console.log(all.every((value) => typeof value === "function"))
`
}
