/**
 * Runs every example in its short form, each in a folder of its own. `node scripts/examples.ts [name...]`
 * An example that is not listed here is a finding, so that none goes untried.
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

/** A few updates of a program. */
const glance = (name: string, steps: number) => (folder: string) => [
  ...["src/cli/main.ts", "train", `examples/${name}.ts`, "--output_dir", join(folder, "run"), "--max_steps", String(steps)],
  ...["--eval_strategy", "no", "--load_best_model_at_end", "false"]
]

/** How each example is run: the arguments of `node`, from the checkout, given a folder to write in. */
const short: Readonly<Record<string, (folder: string) => ReadonlyArray<string>>> = {
  collect: () => ["examples/collect.ts"],
  g2p: glance("g2p", 2),
  layers: () => ["examples/layers.ts"],
  line: (folder) => ["src/cli/main.ts", "train", "examples/line.ts", "--output_dir", join(folder, "run")],
  mnist: (folder) => ["src/cli/main.ts", "train", "examples/mnist.ts", "--output_dir", join(folder, "run"), "--max_steps", "20"],
  mobilenet: glance("mobilenet", 2),
  mobydick: glance("mobydick", 2),
  ported: (folder) => ["examples/ported.ts", join(folder, "run")],
  resume: () => ["examples/resume.ts"],
  sampleCallback: (folder) => ["examples/sampleCallback.ts", join(folder, "run")],
  schedule: (folder) => ["src/cli/main.ts", "train", "examples/schedule.ts", "--output_dir", join(folder, "run")],
  spirals: (folder) => [
    "src/cli/main.ts",
    "train",
    "examples/spirals.ts",
    "--output_dir",
    join(folder, "run"),
    "--max_steps",
    "50"
  ],
  spam: glance("spam", 2),
  trainer: (folder) => ["examples/trainer.ts", join(folder, "run")]
}

const root = join(import.meta.dirname, "..")
const asked = process.argv.slice(2)
const names = globSync("examples/*.ts", { cwd: root, exclude: ["examples/*.test.ts"] })
  .map((file) => basename(file, ".ts"))
  .filter((name) => asked.length === 0 || asked.includes(name))
  .sort()

const failed = names.filter((name) => {
  const args = short[name]
  if (args === undefined) {
    console.error(`examples/${name}.ts has no short form in scripts/examples.ts`)
    return true
  }
  const folder = mkdtempSync(join(tmpdir(), `regimen-${name}-`))
  const { status, stdout, stderr } = spawnSync(process.execPath, args(folder), { cwd: root, encoding: "utf8", timeout: 120_000 })
  rmSync(folder, { recursive: true, force: true })
  console.log(`examples/${name}.ts ${status === 0 ? "runs" : `ends with ${status}`}`)
  if (status !== 0) console.error(stdout + stderr)
  return status !== 0
})

console.log(failed.length === 0 ? `${names.length} examples run` : `${failed.length} of ${names.length} examples fail`)
process.exitCode = failed.length === 0 ? 0 : 1
