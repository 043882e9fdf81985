/** What an adapter is put on, how it begins, and what is refused. */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Dense from "../../../src/Model/Dense.ts"
import * as Lora from "../../../src/Model/Lora.ts"
import * as Model from "../../../src/Model/Model.ts"
import * as Parameters from "../../../src/Model/Parameters.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"
import * as TestModels from "../../support/transformers.ts"

const bert = TestModels.make("bert SequenceClassification")
const settings = { rank: 2, alpha: 4, targets: ["query"] } as const
const modules = (targets: Lora.Settings["targets"], modulesToSave: ReadonlyArray<string> = []) =>
  Result.getOrThrow(Lora.around(bert, { ...settings, targets, modulesToSave })).modules
const refusal = (more: Partial<Lora.Settings>) => {
  const failed = Lora.around(bert, { ...settings, ...more })
  if (Result.isSuccess(failed)) throw new Error("it was made")
  return failed.failure
}

it("targets are ends of paths, or one expression for whole paths", () => {
  const query = [0, 1].map((layer) => `bert.encoder.layer.${layer}.attention.self.query`)
  expect(modules(["query"])).toEqual(query)
  expect(modules(["self.query", "classifier"])).toEqual([...query, "classifier"])
  expect(modules("bert\\.encoder\\.layer\\.1\\..*(query|value)")).toEqual(
    ["query", "value"].map((name) => `bert.encoder.layer.1.attention.self.${name}`)
  )
  expect(modules("classifier|.*pooler.dense")).toEqual(["bert.pooler.dense", "classifier"])
  expect(modules(["query", "classifier"], ["classifier", "layer.0"])).toEqual([query[1]])
})

it("A is drawn as PyTorch draws a dense layer's weight, B is zero, and neither depends on the other targets", () => {
  const lora = (targets: ReadonlyArray<string>) => Result.getOrThrow(Lora.around(bert, { ...settings, rank: 64, targets }))
  const own = Tree.filter(lora(["intermediate.dense", "query"]).init(Key.make(1)), (path) => path.includes("lora_"))
  const bound = 1 / Math.sqrt(8)
  for (const [path, { data, shape }] of Object.entries(own)) {
    if (path.endsWith("lora_B.weight")) {
      expect(shape).toEqual([path.includes("query") ? 8 : 12, 64])
      expect(data.every((value) => value === 0)).toBe(true)
    } else {
      expect(shape).toEqual([64, 8])
      expect(Math.max(...data.map(Math.abs))).toBeLessThan(bound)
      expect(Math.max(...data.map(Math.abs))).toBeGreaterThan(0.95 * bound)
    }
  }
  const path = "bert.encoder.layer.0.attention.self.query.lora_A.weight"
  expect(lora(["query"]).init(Key.make(1))[path]).toEqual(own[path])
  expect(lora(["query"]).init(Key.make(2))[path]).not.toEqual(own[path])
})

it("weights that are stored as [inputs, outputs] have their matrices the same way round", () => {
  const lora = Result.getOrThrow(Lora.around(TestModels.make("gpt2 untied"), { ...settings, targets: ["c_attn", "lm_head"] }))
  const shapes = Tree.map(lora.init(Key.make(0)), ({ shape }) => shape)
  expect(shapes["transformer.h.0.attn.c_attn.lora_A.weight"]).toEqual([2, 8])
  expect(shapes["transformer.h.0.attn.c_attn.lora_B.weight"]).toEqual([24, 2])
  expect(shapes["lm_head.lora_A.weight"]).toEqual([2, 8])
  expect(shapes["lm_head.lora_B.weight"]).toEqual([19, 2])
})

it.each([
  [false, 2],
  [true, 4]
])("rslora %s: what is added is scaled by alpha over the rank, or over its root", (rslora, added) => {
  const parts = { lin: Dense.init({ inputs: 1, outputs: 1, bias: false }) }
  const line = Model.make({
    inputs: ["x"],
    init: Parameters.make(parts),
    forward: (p, { x }) => ({ y: Dense.apply(p, "lin", x) })
  })
  const lora = Result.getOrThrow(Lora.around(line, { rank: 4, alpha: 2, targets: ["lin"], rslora }))
  const ones = { "lin.weight": [[1]], "lin.lora_A.weight": [[1], [1], [1], [1]], "lin.lora_B.weight": [[1, 1, 1, 1]] }
  expect(
    Lora.merge(
      lora,
      Tree.map(ones, (rows) => HostTensor.fromArray(rows))
    )
  ).toEqual({ "lin.weight": HostTensor.fromArray([[1 + added]]) })
})

describe("refused", () => {
  it.each([
    [{ rank: 0 }, "rank"],
    [{ rank: 1.5 }, "rank"],
    [{ alpha: 0 }, "alpha"],
    [{ alpha: Number.NaN }, "alpha"],
    [{ dropout: 0.1 }, "dropout"],
    [{ targets: [] }, "targets"],
    [{ targets: "(" }, "targets"]
  ])("%o", (more, setting) => expect(refusal(more)).toMatchObject({ _tag: "InvalidLora", setting }))

  it("names that are no module's", () => {
    expect(refusal({ targets: ["query", "vlaue"] })).toMatchObject({ _tag: "NoSuchModule", setting: "targets", name: "vlaue" })
    expect(refusal({ targets: "query" })).toMatchObject({ _tag: "NoSuchModule", name: "query" })
    expect(refusal({ modulesToSave: ["score"] })).toMatchObject({ setting: "modulesToSave", name: "score" })
    expect(refusal({ targets: ["uery"] }).message).toMatch(/Modules end in .*query/)
  })

  it("norms and tables", () => {
    for (const module of ["LayerNorm", "word_embeddings", "position_embeddings"])
      expect(refusal({ targets: [module] })).toMatchObject({ _tag: "NotLinear" })
  })
})
