/**
 * Checks the house: a folder of src imports only from the rows above it, no import goes in a circle, no module is dead, packages
 * and calls stay where they belong. `node scripts/layers.ts [folder]`; the text of a finding is `file:line: rule`.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"

const rows = [
  "TrainerState.ts",
  "Schedule",
  "Tensor",
  "Optimizer",
  "Model",
  "Step",
  "Format",
  "Metrics",
  "Tokenizer",
  "Data",
  "Layer",
  "Checkpoint",
  "Arguments",
  "Evaluation",
  "Driver",
  "Program",
  "HuggingFaceTrainer",
  "Task",
  "Tune",
  "cli",
  "index.ts",
  "nn.ts",
  "optim.ts",
  "metrics.ts",
  "data.ts",
  "transformers.ts",
  "promise.ts",
  "Testing",
  "testing.ts"
]

/** Packages, and the one folder that may import them; src itself is imported by path. */
const packages: ReadonlyArray<readonly [name: RegExp, home: string | undefined]> = [
  [/^@tensorflow\/tfjs-core/, "Tensor/"],
  [/^(@tensorflow\/tfjs-(?!core)|webgpu$)/, "Layer/Device/"],
  [/^@huggingface\/hub$/, "Layer/Hub/"],
  [/^@huggingface\/(?!hub$)/, "Tokenizer/"],
  [/^effect\/cli/, "cli/"],
  [/^fast-check$/, "Testing/"],
  [/^regimen(\/|$)/, undefined]
]

/** What decides gets clocks, randomness and the process from a service. */
const calls: ReadonlyArray<readonly [call: RegExp, name: string, homes: ReadonlyArray<string>]> = [
  [/\bMath\.random\b/, "Math.random", []],
  [/\bDate\.now\b|\bnew Date\(\)/, "the clock of Date", []],
  [/\bperformance\.now\b/, "performance.now", []],
  [/(?<![.\w-])process\.|["']node:process["']/, "process", ["Layer/", "Checkpoint/", "Testing/", "cli/"]]
]

/** What is not reached from here is dead, or was forgotten in index.ts. */
const entries = [
  "index.ts",
  "nn.ts",
  "optim.ts",
  "metrics.ts",
  "data.ts",
  "transformers.ts",
  "promise.ts",
  "testing.ts",
  "cli/main.ts"
]

interface Finding {
  readonly file: string
  readonly line: number
  readonly rule: string
}
interface Import {
  readonly line: number
  readonly to: string
}

const root = process.argv[2] ?? join(import.meta.dirname, "../src")
const files = globSync("**/*.ts", { cwd: root })
  .map((file) => file.replaceAll("\\", "/"))
  .sort()
const findings: Array<Finding> = []
const graph = new Map<string, ReadonlyArray<Import>>()

for (const file of files) {
  const imports: Array<Import> = []
  readFileSync(join(root, file), "utf8")
    .split("\n")
    .forEach((text, index) => {
      const line = index + 1
      if (/^\s*(\/?\*|\/\/)/.test(text)) return // a comment
      for (const [call, name, homes] of calls) {
        if (call.test(text) && !isAt(file, homes)) {
          findings.push({ file, line, rule: `${name} belongs in a service${homes.length > 0 ? ` (${homes.join(", ")})` : ""}` })
        }
      }
      // the formatter keeps the end of an import on one line
      for (const [, specifier] of text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        if (specifier!.startsWith("."))
          imports.push({ line, to: normalize(join(dirname(file), specifier!)).replaceAll("\\", "/") })
        for (const [name, home] of packages) {
          if (!name.test(specifier!) || (home !== undefined && file.startsWith(home))) continue
          findings.push({
            file,
            line,
            rule: home === undefined ? `src imports itself by path` : `only ${home} imports ${specifier}`
          })
        }
      }
    })
  graph.set(file, imports)
  if (rowOf(file) < 0) findings.push({ file, line: 1, rule: `no row of the house is called ${file.split("/")[0]}` })
  for (const { line, to } of imports) {
    if (rowOf(to) > rowOf(file))
      findings.push({ file, line, rule: `${rows[rowOf(file)]} may not import ${to}, which lies in a row below it` })
  }
}

const done = new Set<string>()
const walk = (file: string, path: ReadonlyArray<string>): void => {
  for (const { line, to } of graph.get(file) ?? []) {
    const here = [...path, file]
    if (here.includes(to)) {
      findings.push({ file, line, rule: `import cycle: ${[...here.slice(here.indexOf(to)), to].join(" -> ")}` })
    } else if (!done.has(to)) walk(to, here)
  }
  done.add(file)
}
for (const file of files) if (!done.has(file)) walk(file, [])

const reached = new Set<string>()
const reach = (file: string): void => {
  if (reached.has(file)) return
  reached.add(file)
  for (const { to } of graph.get(file) ?? []) reach(to)
}
for (const entry of entries) reach(entry)
for (const file of files)
  if (!reached.has(file)) findings.push({ file, line: 1, rule: `neither ${entries.join(" nor ")} comes to it` })

for (const { file, line, rule } of findings) console.error(`${relative(process.cwd(), join(root, file))}:${line}: ${rule}`)
console.log(findings.length === 0 ? `${files.length} files keep the layers` : `${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1

function rowOf(file: string): number {
  return rows.indexOf(file.split("/")[0]!)
}

function isAt(file: string, homes: ReadonlyArray<string>): boolean {
  return homes.some((home) => file.startsWith(home))
}
