/**
 * Type-checks and runs the examples of the docs: every ```ts block of README.md, docs/ and the comments of src. What is fenced as
 * ```ts no-run is only type-checked. An example keeps its line numbers in build/docs/, so that findings point at the docs.
 * `node scripts/docs.ts [folder]`
 */
import { spawnSync } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative } from "node:path"
import { pathToFileURL } from "node:url"

interface Example {
  readonly file: string
  readonly line: number
  readonly code: string
  readonly run: boolean
}

const checkout = join(import.meta.dirname, "..")
const root = process.argv[2] ?? checkout
const out = join(root, "build/docs")
const secondsAllowed = 20

/** Fenced blocks; in TypeScript those of comments, whose lines start with a star. */
const examplesOf = (file: string): ReadonlyArray<Example> => {
  const prefix = file.endsWith(".ts") ? /^\s*\* ?/ : /^/
  const lines = readFileSync(join(root, file), "utf8").split("\n")
  const examples: Array<Example> = []
  for (let at = 0; at < lines.length; at++) {
    const fence = prefix.test(lines[at]!) ? /^```ts( no-run)?$/.exec(lines[at]!.replace(prefix, "")) : null
    if (fence === null) continue
    const end = lines.findIndex((line, index) => index > at && line.replace(prefix, "") === "```")
    const code = lines.slice(at + 1, end).map((line) => line.replace(prefix, ""))
    examples.push({ file, line: at + 1, code: "\n".repeat(at + 1) + code.join("\n"), run: fence[1] === undefined })
    at = end
  }
  return examples
}

const examples = globSync(["README.md", "docs/**/*.md", "src/**/*.ts"], { cwd: root }).sort().flatMap(examplesOf)
const pathOf = ({ file, line }: Example) => join(out, `${file}.${line}.ts`)

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
writeFileSync(
  join(out, "tsconfig.json"),
  JSON.stringify({
    extends: join(checkout, "tsconfig.json"),
    compilerOptions: { moduleDetection: "force" },
    include: ["**/*.ts"]
  })
)
for (const example of examples) {
  mkdirSync(dirname(pathOf(example)), { recursive: true })
  writeFileSync(pathOf(example), example.code)
}

const findings: Array<string> = []

const tsc = spawnSync(join(checkout, "node_modules/.bin/tsc"), ["-p", out, "--pretty", "false"], { cwd: out, encoding: "utf8" })
for (const line of tsc.stdout.split("\n")) {
  const error = /^(.*)\.\d+\.ts\((\d+),\d+\): error (.*)$/.exec(line)
  if (error !== null) findings.push(`${error[1]}:${error[2]}: ${error[3]}`)
}
if (tsc.status !== 0 && findings.length === 0) findings.push(`tsc: ${tsc.stdout}${tsc.stderr}`)

for (const example of examples) {
  const { file, line, code, run } = example
  if (!run) continue
  if (file.endsWith(".ts") && !/\bassert\b/.test(code)) findings.push(`${file}:${line}: the example asserts nothing`)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`not done after ${secondsAllowed} s`)), secondsAllowed * 1000)
  try {
    await Promise.race([import(pathToFileURL(pathOf(example)).href), late.promise])
  } catch (error) {
    const stack = error instanceof Error ? `${error.stack}` : ""
    const at = stack.split("\n").find((frame) => frame.includes(relative(root, pathOf(example))))
    findings.push(
      `${file}:${/:(\d+):\d+\)?$/.exec(at ?? "")?.[1] ?? line}: ${error instanceof Error ? error.message : String(error)}`
    )
  } finally {
    clearTimeout(timer)
  }
}

for (const finding of findings) console.error(finding)
console.log(
  findings.length === 0 ? `${examples.length} examples hold` : `${findings.length} findings in ${examples.length} examples`
)
process.exit(findings.length === 0 ? 0 : 1) // whatever an example left running
