/** Models and tokenizers from folders, with promises. */
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Result } from "effect"
import { expect, it } from "vitest"
import { NoModel } from "../../../../src/Checkpoint/Pretrained.ts"
import * as Transformers from "../../../../src/Model/Transformers.ts"
import { EvalPrediction, Pretrained, Tokenizer } from "../../../../src/promise.ts"
import * as Key from "../../../../src/Tensor/Key.ts"
import { TokenizerMissing } from "../../../../src/Tokenizer/Errors.ts"

const folder = () => mkdtempSync(join(tmpdir(), "pretrained-"))

it("loads a saved model, with fields of its config replaced", async () => {
  const config = { model_type: "gpt2", vocab_size: 259, n_embd: 8, n_layer: 1, n_head: 2 }
  const model = Result.getOrThrow(Transformers.make(config, "GPT2LMHeadModel"))
  const parameters = model.init(Key.make(3))
  const at = folder()
  await Pretrained.save(at, { model, parameters })
  await Tokenizer.save(Tokenizer.bytes(), at)
  const loaded = await Pretrained.load(at, { config: { resid_pdrop: 0.5 } })
  expect(loaded.model.init(Key.make(4))).toEqual(parameters)
  expect(loaded.model.config.resid_pdrop).toBe(0.5)
  const tokenizer: Tokenizer.Tokenizer = await Tokenizer.load(at)
  expect(Tokenizer.decode(tokenizer, Tokenizer.encode(tokenizer, "one").input_ids)).toBe("one")
})

it("rejects with the typed errors", async () => {
  await expect(Pretrained.load(folder())).rejects.toBeInstanceOf(NoModel)
  await expect(Tokenizer.load(folder())).rejects.toBeInstanceOf(TokenizerMissing)
})

it("EvalPrediction accepts the predictions of predict, also undefined ones", () => {
  const rows = (gathered: EvalPrediction.Gathered | undefined) => EvalPrediction.batches(gathered).length
  expect(rows({ dtype: "int32", shape: [1], data: Int32Array.of(1) })).toBe(1)
  expect(() => rows(undefined)).toThrow(/computation of metrics/)
})
