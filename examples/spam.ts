/** Spam against ham: a small BERT, from raw mails to a filter. `regimen train examples/spam.ts` */
import { Result } from "effect"
import { Program } from "regimen"
import { Dataset } from "regimen/data"
import { Accuracy, F1 } from "regimen/metrics"
import { Transformers } from "regimen/transformers"
import { test, tokenizer, train } from "./spam/data.ts"

const model = Result.getOrThrow(
  Transformers.make({
    architectures: ["BertForSequenceClassification"],
    model_type: "bert",
    vocab_size: tokenizer.vocabularySize,
    hidden_size: 64,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    intermediate_size: 128,
    max_position_embeddings: 128,
    num_labels: 2,
    id2label: { 0: "ham", 1: "spam" },
    label2id: { ham: 0, spam: 1 },
    hidden_dropout_prob: 0.1,
    attention_probs_dropout_prob: 0
  })
)

export default Program.make({
  name: "spam",
  args: {
    outputDir: "runs/spam",
    perDeviceTrainBatchSize: 16,
    perDeviceEvalBatchSize: 64,
    learningRate: 1e-3,
    warmupRatio: 0.1,
    numTrainEpochs: 2,
    loggingSteps: 50,
    evalStrategy: "epoch",
    saveStrategy: "epoch",
    loadBestModelAtEnd: true,
    metricForBestModel: "f1",
    groupByLength: true,
    saveTotalLimit: 1
  },
  model,
  tokenizer,
  trainDataset: Dataset.fromArray(train),
  evalDataset: Dataset.fromArray(test),
  metrics: [Accuracy.make(), F1.make(["ham", "spam"], { average: "binary" })]
})
