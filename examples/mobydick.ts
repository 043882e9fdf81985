/**
 * A small GPT learns to write Moby Dick letter by letter. `regimen train examples/mobydick.ts`, then `node examples/mobydick/sample.ts runs/mobydick`
 * prints what it writes.
 */
import { Result } from "effect"
import { Program } from "regimen"
import { Dataset } from "regimen/data"
import { Transformers } from "regimen/transformers"
import { held, text, tokenizer } from "./mobydick/data.ts"

const length = 128

/** Windows of a text, each beginning where the one before ends. Without padding, a row's labels are its tokens. */
const windows = (ids: ReadonlyArray<number>) =>
  Array.from({ length: Math.floor(ids.length / length) }, (_, i) => {
    const input_ids = ids.slice(i * length, (i + 1) * length)
    return { input_ids, labels: input_ids }
  })

const model = Result.getOrThrow(
  Transformers.make({
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    vocab_size: tokenizer.vocabularySize,
    n_embd: 96,
    n_layer: 3,
    n_head: 4,
    n_positions: length,
    resid_pdrop: 0,
    embd_pdrop: 0,
    attn_pdrop: 0
  })
)

export default Program.make({
  name: "mobydick",
  args: {
    outputDir: "runs/mobydick",
    perDeviceTrainBatchSize: 16,
    perDeviceEvalBatchSize: 32,
    learningRate: 2e-3,
    lrSchedulerType: "cosine",
    warmupSteps: 100,
    maxSteps: 1500,
    loggingSteps: 50,
    evalStrategy: "steps",
    evalSteps: 300,
    saveSteps: 300,
    saveTotalLimit: 2
  },
  model,
  tokenizer,
  trainDataset: Dataset.fromArray(windows(text)),
  evalDataset: Dataset.fromArray(windows(held).slice(0, 200))
})
