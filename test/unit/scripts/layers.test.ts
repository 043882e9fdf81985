import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, expect, it } from "vitest"

const root = mkdtempSync(join(tmpdir(), "layers-"))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const check = (files: Readonly<Record<string, string>>) => {
  const folder = mkdtempSync(join(root, "src-"))
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), text)
  }
  const { status, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, "../../../scripts/layers.ts"), folder], {
    cwd: folder,
    encoding: "utf8"
  })
  return { status, findings: stderr.trim().split("\n") }
}

it("names file, line and rule of every breach", () => {
  const { status, findings } = check({
    "Schedule/Up.ts": `import { Schema } from "effect"\nimport type { Weights } from "../Tensor/Weights.ts"\n`,
    "Tensor/Weights.ts": `import * as tf from "@tensorflow/tfjs-core"\n`,
    "Model/Core.ts": `\nimport * as tf from "@tensorflow/tfjs-core"\nexport const pid = process.pid\n`,
    "Model/A.ts": `export {\n  b\n} from "./B.ts"\n`,
    "Model/B.ts": `export * from "./C.ts"\n`,
    "Model/C.ts": `export const a = import("./A.ts")\n`,
    "Step/Noise.ts": `export const noise = () => Math.random()\nexport const now = () => Date.now()\nexport const date = new Date()\n`,
    "Layer/Logger/Console.ts": `import "@tensorflow/tfjs-backend-wasm"\nimport { Command } from "effect/cli"\nexport const t = performance.now()\n`,
    "Trainer/Trainer.ts": `import { Trigger } from "regimen"\n`,
    "Helpers/x.ts": "",
    "Data/Forgotten.ts": "",
    "index.ts": ["Schedule/Up", "Model/Core", "Model/A", "Step/Noise", "Layer/Logger/Console", "Trainer/Trainer", "Helpers/x"]
      .map((module) => `import "./${module}.ts"\n`)
      .join("")
  })
  expect(status).toBe(1)
  expect(findings).toEqual(
    expect.arrayContaining([
      "Schedule/Up.ts:2: Schedule may not import Tensor/Weights.ts, which lies in a row below it",
      "Model/Core.ts:2: only Tensor/ imports @tensorflow/tfjs-core",
      "Model/Core.ts:3: process belongs in a service (Layer/, Checkpoint/, cli/)",
      "Model/C.ts:1: import cycle: Model/A.ts -> Model/B.ts -> Model/C.ts -> Model/A.ts",
      "Step/Noise.ts:1: Math.random belongs in a service",
      "Step/Noise.ts:2: the clock of Date belongs in a service",
      "Step/Noise.ts:3: the clock of Date belongs in a service",
      "Layer/Logger/Console.ts:1: only Layer/Device/ imports @tensorflow/tfjs-backend-wasm",
      "Layer/Logger/Console.ts:2: only cli/ imports effect/cli",
      "Layer/Logger/Console.ts:3: performance.now belongs in a service",
      "Trainer/Trainer.ts:1: src imports itself by path",
      "Helpers/x.ts:1: no row of the house is called Helpers",
      "Data/Forgotten.ts:1: neither index.ts nor promise.ts nor cli/main.ts comes to it"
    ])
  )
  expect(findings).toHaveLength(13)
})

it("is content with a house in order", () => {
  const { status, findings } = check({
    "TrainerState.ts": `/** Not a call: Math.random() */\nexport interface TrainerState {}\n`,
    "Schedule/Plan.ts": `import type { TrainerState } from "../TrainerState.ts"\nimport * as Trigger from "./Trigger.ts"\n`,
    "Schedule/Trigger.ts": `// process.exit() is for others\nexport const every = (n: number) => new Date(n)\n`,
    "Layer/Device/Wasm.ts": `import "@tensorflow/tfjs-backend-wasm"\nexport const a = process.platform\n`,
    "index.ts": `export * as Plan from "./Schedule/Plan.ts"\nexport * as Wasm from "./Layer/Device/Wasm.ts"\n`
  })
  expect({ status, findings }).toEqual({ status: 0, findings: [""] })
})
