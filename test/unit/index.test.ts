import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import { expect, it } from "vitest"

const src = join(import.meta.dirname, "../../src")

/** Inner parts of their folders, as is what lies in a folder with a small letter. */
const inner = [
  "Data/Cell.ts",
  "Layer/Device/Backend.ts",
  "Metrics/Format/Axis.ts",
  "Metrics/Format/Cells.ts",
  "Optimizer/Namespace.ts",
  "Schedule/Fraction.ts",
  "Tensor/MissingGradients.ts",
  "Tensor/Philox.ts",
  "Trainer/Evaluation.ts",
  "Trainer/Journal.ts",
  "Trainer/Learner.ts",
  "Trainer/Rehearsal.ts",
  "Trainer/Run.ts",
  "Trainer/Start.ts"
]

it("exports every module that is not an inner part, as a namespace of its name", () => {
  const modules = globSync("**/*.ts", { cwd: src }).filter((file) => file !== "index.ts" && !/(^|\/)[a-z]\w*\//.test(file))
  const exported = readFileSync(join(src, "index.ts"), "utf8").matchAll(/^export \* as (\w+) from "\.\/(.+)"$/gm)
  const names = new Map([...exported].map(([, name, file]) => [file!, name!]))
  expect([...names.keys(), ...inner].sort()).toEqual(modules.sort())
  for (const [file, name] of names) expect(name).toBe(basename(file, ".ts"))
})
