import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import * as FloatingPointOps from "../../../src/Model/FloatingPointOps.ts"

const read = <A>(file: string): A => JSON.parse(readFileSync(new URL(`../../golden/${file}`, import.meta.url), "utf8")) as A
const { flos } = read<{ readonly flos: { readonly batch: ReadonlyArray<number>; readonly value: number } }>("metrics_naming.json")
const { "model.safetensors": saved } = read<{
  readonly "model.safetensors": { readonly tensors: Readonly<Record<string, ReadonlyArray<number>>> }
}>("torch_format.json")

const parameters = Object.fromEntries(Object.entries(saved.tensors).map(([path, shape]) => [path, { shape }]))
const estimate = FloatingPointOps.estimate(parameters, { embedding: (path) => path.endsWith("_embeddings.weight") })

it("gives the recorded figure for the recorded model", () => {
  expect(estimate({ input_ids: { shape: flos.batch }, labels: { shape: [4] } })).toBe(flos.value)
})

it("is 0 for a batch without the main input", () => {
  expect(estimate({ pixels: { shape: [4, 8, 8] } })).toBe(0)
})

it("counts another main input, and a scalar parameter as one", () => {
  const cost = FloatingPointOps.estimate({ gain: { shape: [] } }, { embedding: () => false, mainInput: "x" })
  expect(cost({ x: { shape: [2, 3] } })).toBe(36)
})
