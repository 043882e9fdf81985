/** Bugs that comparing runs with the real Trainer found. */
import type { Bug } from "./Bug.ts"

const adapters = "test/unit/Checkpoint/AdapterCheckpoint.test.ts"

export const trainer: ReadonlyArray<Bug> = [
  {
    bug: "A micro-batch without a counted label makes all weights NaN",
    file: "src/Model/Loss.ts",
    find: "tf.div(sum, orOne(count))",
    replace: "tf.div(sum, count)",
    test: "test/property/Step.test.ts",
    named: "without a counted label"
  },
  {
    bug: "An evaluation batch without a counted label changes the loss of the set",
    file: "src/Step/Reduction.ts",
    find: 'count: tf.mul(tf.cast(tf.notEqual(loss.count, 0), "float32"), rows)',
    replace: "count: tf.scalar(rows)",
    test: "test/property/Step.test.ts",
    named: "an evaluation batch without a counted label"
  },
  {
    bug: "Generation ignores the adapter of a decoder",
    file: "src/Model/Lora.ts",
    find: "decode(withAdapter(parameters), ...input)",
    replace: "decode(parameters, ...input)",
    test: "test/property/lora.test.ts",
    named: "generates the ids of the merged model"
  },
  {
    bug: "Generation ignores the adapter of an encoder",
    file: "src/Model/Lora.ts",
    find: "encode(withAdapter(parameters), ...input)",
    replace: "encode(parameters, ...input)",
    test: "test/property/lora.test.ts",
    named: "generates the ids of the merged model"
  },
  {
    bug: "The default collator refuses fractional labels",
    file: "src/Data/Collator/Padding.ts",
    find: 'transformed.success.some(hasFractionalLabels) ? { labels: "float32" as const } : {}',
    replace: "transformed.success.some((row) => hasFractionalLabels(row) && false) ? {} : {}",
    test: "test/unit/Data/Tokenized.test.ts",
    named: "keeps fractional labels"
  },
  {
    bug: "The default collator pads multi-label rows to the length of the text",
    file: "src/Data/Collator/Padding.ts",
    find: "isSequence(labels) && labels.length === lengthOfSequence(input_ids)",
    replace: "isSequence(labels) && lengthOfSequence(input_ids) >= 0",
    test: "test/unit/Data/Tokenized.test.ts",
    named: "keeps fractional labels"
  },
  {
    bug: "A NaN of the first evaluation stays the best",
    file: "src/Schedule/Schedule.ts",
    find: "value === undefined || Number.isNaN(value)) return best",
    replace: "value === undefined) return best",
    test: "test/unit/Schedule/Schedule.test.ts",
    named: "does not take NaN for the best"
  },
  {
    bug: "Early stopping takes NaN for an improvement",
    file: "src/Schedule/Schedule.ts",
    find: "!Number.isNaN(value) && (seen.best === null",
    replace: "(seen.best === null",
    test: "test/unit/Schedule/Schedule.test.ts",
    named: "never takes NaN for better"
  },
  {
    bug: "The plateau schedule takes NaN for an improvement",
    file: "src/Schedule/LearningRate.ts",
    find: "const better = isBetter(value, seen.best)",
    replace: "const better = Number.isNaN(value) || isBetter(value, seen.best)",
    test: "test/unit/Schedule/LearningRate.test.ts"
  },
  {
    bug: "NaN from computeMetrics is an error",
    file: "src/Evaluation/ComputeMetrics.ts",
    find: 'if (typeof value !== "number")',
    replace: 'if (typeof value !== "number" || Number.isNaN(value))',
    test: "test/unit/Evaluation/ComputeMetrics.test.ts",
    named: "NaN"
  },
  {
    bug: "GPT-2 drops token_type_ids",
    file: "src/Model/Gpt2.ts",
    find: "tokenTypes === undefined ? placed :",
    replace: "tokenTypes !== null ? placed :",
    test: "test/unit/Model/Gpt2.test.ts"
  },
  {
    bug: "Evaluation data smaller than a batch are an error in mid-run with dataloader_drop_last",
    file: "src/Program/DataLoaders.ts",
    find: "args.dataloaderDropLast && data.size > 0 && data.size < batches.batchSize",
    replace: "args.dataloaderDropLast && data.size < 0",
    test: "test/unit/Program/DataSource.test.ts",
    named: "refuses evaluation data smaller than a batch"
  },
  {
    bug: "evaluate() lacks num_input_tokens_seen",
    file: "src/HuggingFaceTrainer/EvaluationLog.ts",
    find: "const logs = stamped({ ...metrics, ...clock, ...tokens(context, state) }, { state, trained })",
    replace: "const logs = stamped({ ...metrics, ...clock }, { state, trained })",
    test: "test/unit/HuggingFaceTrainer/Trainer.test.ts",
    named: "evaluate and log give num_input_tokens_seen"
  },
  {
    bug: "saveState writes the control flags of the end instead of those of the last save",
    file: "src/HuggingFaceTrainer/Save.ts",
    find: "described(state, saved)",
    replace: "(saved, described(state))",
    test: "test/unit/HuggingFaceTrainer/Trainer.test.ts",
    named: "saveState writes"
  },
  {
    bug: "The checkpoints of an adapted model hold the whole model",
    file: "src/Model/Lora.ts",
    find: "...(settings.wholeWeights\n",
    replace: "...(settings.wholeWeights || true\n",
    test: adapters
  },
  {
    bug: "An adapter's tensors have names that PEFT cannot read",
    file: "src/Checkpoint/WeightFiles.ts",
    find: "Safetensors.encode(named(parameters), { metadata })",
    replace: "Safetensors.encode(parameters, { metadata })",
    test: adapters
  },
  {
    bug: "A run does not resume from the checkpoint of an adapter",
    file: "src/Checkpoint/Folder.ts",
    find: "WeightFiles.unnamed(read(",
    replace: "((tensors: any) => tensors)(read(",
    test: adapters
  },
  {
    bug: "saveModel of an adapted model writes the whole model",
    file: "src/HuggingFaceTrainer/Save.ts",
    find: "model.savedParameters === undefined) yield*",
    replace: "model.savedParameters !== null) yield*",
    test: adapters,
    named: "saveModel writes the adapter"
  }
]
