/**
 * A callback writes a sample after each epoch, with the weights of the moment: `node examples/sampleCallback.ts [FOLDER]`
 * A small GPT learns a rhyme letter by letter.
 */
import assert from "node:assert/strict"
import { Result } from "effect"
import { HostTensor } from "regimen/nn"
import { Callback, Tokenizer, Trainer } from "regimen/promise"
import { Transformers } from "regimen/transformers"

const rhyme = "One, two, three, four, five, once I caught a fish alive. Six, seven, eight, nine, ten, then I let it go again. "
const tokenizer = Tokenizer.characters([rhyme])
const ids = tokenizer.toIds(rhyme.repeat(20))
const rows = Array.from({ length: 32 }, (_, i) => ids.slice(37 * i, 37 * i + 48)).map((row) => ({ input_ids: row, labels: row }))

const model = Result.getOrThrow(
  Transformers.make({
    architectures: ["GPT2LMHeadModel"],
    model_type: "gpt2",
    vocab_size: tokenizer.vocabularySize,
    n_embd: 48,
    n_layer: 2,
    n_head: 4,
    n_positions: 64,
    resid_pdrop: 0,
    embd_pdrop: 0,
    attn_pdrop: 0
  })
)

const prompt = "One, two, "
const samples: Array<string> = []

/** In Python: `def on_epoch_end(self, args, state, control, model, processing_class, **kwargs)`. */
const sampleEachEpoch = Callback.make({
  name: "SampleEachEpoch",
  onEpochEnd: async ({ run, state }) => {
    const batch = { input_ids: HostTensor.fromArray([tokenizer.toIds(prompt)], "int32") }
    const { sequences } = await run.generate(batch, { maxNewTokens: 24 })
    const [text = ""] = Tokenizer.decodeBatch(tokenizer, sequences)
    samples.push(text)
    console.log(`epoch ${state.epoch}, learning rate ${run.learningRate.toPrecision(3)}: ${text}`)
  }
})

const trainer = await Trainer.make({
  model,
  tokenizer,
  args: {
    outputDir: process.argv[2] ?? "runs/sampleCallback",
    overwriteOutputDir: true,
    numTrainEpochs: 12,
    perDeviceTrainBatchSize: 8,
    learningRate: 1e-2,
    saveStrategy: "no",
    loggingStrategy: "epoch"
  },
  trainDataset: rows,
  callbacks: [sampleEachEpoch]
})
await trainer.train()
await trainer.close()

assert.equal(samples.length, 12)
assert.notEqual(samples[0], samples.at(-1)) // each sample is written with the weights of its epoch
assert.ok(samples.at(-1)!.startsWith("One, two, three, four"))
