/**
 * Grapheme to phoneme: a small T5 learns to pronounce written words from a dictionary. `regimen train examples/g2p.ts`, then
 * `node examples/g2p/score.ts runs/g2p` for the error rates of words that it has not seen.
 */
import { Result } from "effect"
import { Program } from "regimen"
import { Collator, Dataset } from "regimen/data"
import { Reduction } from "regimen/optim"
import { Transformers } from "regimen/transformers"
import * as Data from "./g2p/data.ts"

const model = Result.getOrThrow(
  Transformers.make({
    architectures: ["T5ForConditionalGeneration"],
    model_type: "t5",
    vocab_size: Data.vocabulary,
    d_model: 128,
    d_kv: 32,
    d_ff: 512,
    num_layers: 3,
    num_decoder_layers: 3,
    num_heads: 4,
    dropout_rate: 0, // it sees each word about once
    feed_forward_proj: "relu",
    pad_token_id: Data.pad,
    eos_token_id: Data.end,
    decoder_start_token_id: Data.pad
  })
)

export default Program.make({
  name: "g2p",
  args: {
    outputDir: "runs/g2p",
    perDeviceTrainBatchSize: 64,
    perDeviceEvalBatchSize: 256,
    learningRate: 1.5e-3,
    warmupSteps: 200,
    lrSchedulerType: "cosine",
    maxSteps: 2500,
    groupByLength: true,
    loggingSteps: 50,
    evalStrategy: "steps",
    evalSteps: 500,
    saveSteps: 500,
    saveTotalLimit: 2
  },
  model,
  reduction: Reduction.perToken,
  // batches of few lengths run faster
  dataCollator: Collator.seq2seq({ padToken: Data.pad, multipleOf: 4 }),
  trainDataset: Dataset.fromArray(Data.rows(Data.train)),
  evalDataset: Dataset.fromArray(Data.rows(Data.test).slice(0, 2000))
})
