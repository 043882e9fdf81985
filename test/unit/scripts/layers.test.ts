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

it("reports file, line and rule of every violation", () => {
  const { status, findings } = check({
    "Schedule/Up.ts": `import { Schema } from "effect"\nimport type { Weights } from "../Tensor/Weights.ts"\n`,
    "Tensor/Weights.ts": `import * as tf from "@tensorflow/tfjs-core"\n`,
    "Model/Core.ts": `\nimport * as tf from "@tensorflow/tfjs-core"\nexport const pid = process.pid\n`,
    "Model/A.ts": `export {\n  b\n} from "./B.ts"\n`,
    "Model/B.ts": `export * from "./C.ts"\n`,
    "Model/C.ts": `export const a = import("./A.ts")\n`,
    "Step/Noise.ts": `export const noise = () => Math.random()\nexport const now = () => Date.now()\nexport const date = new Date()\n`,
    "Layer/Logger/Console.ts": `import "@tensorflow/tfjs-backend-wasm"\nimport { Command } from "effect/cli"\nexport const t = performance.now()\n`,
    "Program/Program.ts": `import { Trigger } from "regimen"\n`,
    "Helpers/x.ts": "",
    "Data/Forgotten.ts": "",
    "index.ts": ["Schedule/Up", "Model/Core", "Model/A", "Step/Noise", "Layer/Logger/Console", "Program/Program", "Helpers/x"]
      .map((module) => `import "./${module}.ts"\n`)
      .join("")
  })
  expect(status).toBe(1)
  expect(findings).toEqual(
    expect.arrayContaining([
      "Schedule/Up.ts:2: Schedule may not import Tensor/Weights.ts, of a later layer",
      "Model/Core.ts:2: only TensorFlowFixes/ and WasmKernels/ and Tensor/ may import @tensorflow/tfjs-core",
      "Model/Core.ts:3: process belongs in a service (TensorFlowFixes/wasm/Listeners.ts, Layer/, Checkpoint/, Testing/, cli/)",
      "Model/C.ts:1: import cycle: Model/A.ts -> Model/B.ts -> Model/C.ts -> Model/A.ts",
      "Step/Noise.ts:1: Math.random belongs in a service",
      "Step/Noise.ts:2: the clock of Date belongs in a service",
      "Step/Noise.ts:3: the clock of Date belongs in a service",
      "Layer/Logger/Console.ts:1: only TensorFlowFixes/ and WasmKernels/ and Layer/Device/ may import @tensorflow/tfjs-backend-wasm",
      "Layer/Logger/Console.ts:2: only cli/ may import effect/cli",
      "Layer/Logger/Console.ts:3: performance.now belongs in a service",
      "Program/Program.ts:1: src imports itself by path",
      "Helpers/x.ts:1: Helpers is missing from the list of folders",
      "Data/Forgotten.ts:1: no entry point imports it"
    ])
  )
  expect(findings).toHaveLength(13)
})

it("reports nothing where there is no violation", () => {
  const { status, findings } = check({
    "TrainerState.ts": `/** Not a call: Math.random() */\nexport interface TrainerState {}\n`,
    "Schedule/Plan.ts": `import type { TrainerState } from "../TrainerState.ts"\nimport * as Trigger from "./Trigger.ts"\n`,
    "Schedule/Trigger.ts": `// process.exit() is for others\nexport const every = (n: number) => new Date(n)\n`,
    "Layer/Device/Wasm.ts": `import "@tensorflow/tfjs-backend-wasm"\nexport const a = process.platform\n`,
    "index.ts": `export * as Plan from "./Schedule/Plan.ts"\nexport * as Wasm from "./Layer/Device/Wasm.ts"\n`
  })
  expect({ status, findings }).toEqual({ status: 0, findings: [""] })
})
