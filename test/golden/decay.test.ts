/** Which parameters the Trainer decays. Its lists hold every name of a tied weight, `all` only the first. */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import * as WeightDecay from "../../src/Optimizer/WeightDecay.ts"

type Names = { readonly all: ReadonlyArray<string>; readonly decay: ReadonlyArray<string> }
const golden = JSON.parse(readFileSync(new URL("./decay_parameters.json", import.meta.url), "utf8")) as Record<"bert" | "gpt2" | "t5" | "odd_names", Names>

const expectMask = ({ all, decay }: Names, mask: WeightDecay.Mask) => {
  const names = [...new Set([...all, ...decay])].sort()
  expect(names.filter(mask)).toEqual([...decay].sort())
}

it.each(["bert", "gpt2", "t5"] as const)("%s: decays the recorded parameters, by name", (model) => expectMask(golden[model], WeightDecay.matrices()))

it("unusual names: decays the recorded parameters when given the layer norms", () =>
  expectMask(golden.odd_names, WeightDecay.matrices((module) => ["ln_1", "seq.1"].includes(module))))
