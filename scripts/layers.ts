/**
 * Checks the layers: a folder of src imports only from the folders listed before it, there is no import cycle and no unused module, and
 * packages and calls appear only where they are allowed. `node scripts/layers.ts [folder]`; a finding is written as `file:line: rule`.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize, relative } from "node:path"

/** In order: each may import from those before it. */
const layers = [
  "ErrorMessage.ts",
  "Defined.ts",
  "EvaluationHistory.ts",
  "TrainerState.ts",
  "Schedule",
  "TensorFlowFixes",
  "WasmKernels",
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

/** **Unit**: lines. The longest that a file may be, and the most that the median may be. */
const longest = 300
const median = 120

/** Packages, and the folders that may import them; src itself is imported by path. */
const packages: ReadonlyArray<readonly [name: RegExp, homes: ReadonlyArray<string>]> = [
  [/^@tensorflow\/tfjs-core/, ["TensorFlowFixes/", "WasmKernels/", "Tensor/"]],
  [/^(@tensorflow\/tfjs-(?!core)|webgpu$)/, ["TensorFlowFixes/", "WasmKernels/", "Layer/Device/"]],
  [/^@huggingface\/hub$/, ["Layer/Hub/"]],
  [/^@huggingface\/(?!hub$)/, ["Tokenizer/"]],
  [/^effect\/cli/, ["cli/"]],
  [/^fast-check$/, ["Testing/"]],
  [/^regimen(\/|$)/, []]
]

/** Clocks, randomness and the process come from a service. */
const calls: ReadonlyArray<readonly [call: RegExp, name: string, homes: ReadonlyArray<string>]> = [
  [/\bMath\.random\b/, "Math.random", []],
  [/\bDate\.now\b|\bnew Date\(\)/, "the clock of Date", []],
  [/\bperformance\.now\b/, "performance.now", []],
  [
    /(?<![.\w-])process\.|["']node:process["']/,
    "process",
    ["TensorFlowFixes/wasm/Listeners.ts", "Layer/", "Checkpoint/", "Testing/", "cli/"]
  ]
]

/** A module that is not reached from these is unused. */
const entries = [...layers.slice(layers.indexOf("cli") + 1).filter((layer) => layer.endsWith(".ts")), "cli/main.ts"]

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
        for (const [name, homes] of packages) {
          if (!name.test(specifier!) || isAt(file, homes)) continue
          findings.push({
            file,
            line,
            rule: homes.length === 0 ? `src imports itself by path` : `only ${homes.join(" and ")} may import ${specifier}`
          })
        }
      }
    })
  graph.set(file, imports)
  if (layerOf(file) < 0) findings.push({ file, line: 1, rule: `${file.split("/")[0]} is missing from the list of folders` })
  for (const { line, to } of imports) {
    if (layerOf(to) > layerOf(file))
      findings.push({ file, line, rule: `${layers[layerOf(file)]} may not import ${to}, of a later layer` })
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
for (const file of files) if (!reached.has(file)) findings.push({ file, line: 1, rule: `no entry point imports it` })

const lengths = files.map((file) => readFileSync(join(root, file), "utf8").split("\n").length - 1)
for (const [index, length] of lengths.entries())
  if (length > longest)
    findings.push({ file: files[index]!, line: longest, rule: `${length} lines: a file has at most ${longest}` })
const middle = [...lengths].sort((a, b) => a - b)[Math.floor(lengths.length / 2)]!
if (middle > median)
  findings.push({ file: "index.ts", line: 1, rule: `the median file has ${middle} lines, more than ${median}` })

for (const { file, line, rule } of findings) console.error(`${relative(process.cwd(), join(root, file))}:${line}: ${rule}`)
console.log(findings.length === 0 ? `${files.length} files keep the layers` : `${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1

function layerOf(file: string): number {
  return layers.indexOf(file.split("/")[0]!)
}

function isAt(file: string, homes: ReadonlyArray<string>): boolean {
  return homes.some((home) => file.startsWith(home))
}
