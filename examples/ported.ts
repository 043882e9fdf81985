/**
 * A script as it is written with Hugging Face's Trainer in Python, ported: class weights, early stopping, a stateful callback, the best model, a resume.
 *
 *     node examples/ported.ts [FOLDER]
 */
import assert from "node:assert/strict"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { Callback, Model, Optimizer, tf } from "regimen"
import { Dense, Loss, Parameters } from "regimen/nn"
import { type ComputeLoss, type ComputeMetrics, EvalPrediction, Trainer } from "regimen/promise"

const outputDir = process.argv[2] ?? "runs/ported"
const [features, classes, hidden] = [8, 3, 32]

// Data with a fixed seed: three overlapping clouds of points, one of them rare.
let seed = 7
const uniform = () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return (seed + 0.5) / 2 ** 32
}
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform())
const centres = Array.from({ length: classes }, () => Array.from({ length: features }, () => 0.9 * normal()))
const rows = (count: number, [first, second] = [0.6, 0.3] as [number, number]) =>
  Array.from({ length: count }, () => {
    const u = uniform()
    const labels = u < first ? 0 : u < first + second ? 1 : 2
    return { x: centres[labels]!.map((c) => c + normal()), labels }
  })
const [train, dev, balanced, test] = [rows(600), rows(150), rows(150, [1 / 3, 1 / 3]), rows(150)]

/** `class MLP(nn.Module)` */
const mlp = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({
    fc1: Dense.init({ inputs: features, outputs: hidden }),
    fc2: Dense.init({ inputs: hidden, outputs: classes })
  }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "fc2", tf.relu(Dense.apply(p, "fc1", x))) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

/** `def compute_metrics(eval_pred)`: accuracy and macro F1. */
const computeMetrics: ComputeMetrics = ({ predictions, labelIds }) => {
  const classOf = EvalPrediction.argmax(predictions)
  const [guesses, truth] = [classOf.data, EvalPrediction.take(labelIds).data]
  const f1 = Array.from({ length: classes }, (_, c) => {
    const right = truth.filter((label, i) => label === c && guesses[i] === c).length
    const there = [...guesses, ...truth].filter((id) => id === c).length
    return (2 * right) / (there || 1)
  })
  return { accuracy: EvalPrediction.agreement(classOf, labelIds), f1: f1.reduce((a, b) => a + b) / classes }
}

/** `def compute_loss` of a subclass: cross-entropy with class weights. */
const computeLoss: ComputeLoss = ({ outputs }, { labels }) =>
  Loss.crossEntropy(outputs.logits, labels, { weights: [0.6, 1.1, 3.3] })

/** `class StopWhenGood(TrainerCallback)`: saves and stops once the logged loss was below the target three times. */
const stopWhenGood = (target: number) =>
  Callback.make({
    name: "StopWhenGood",
    state: { initial: 0 },
    onLog: ({ logs }, hits) => (logs.loss !== undefined && logs.loss < target ? { state: hits + 1 } : {}),
    onTrainBegin: (_, hits) => (hits >= 3 ? { ask: ["stopRun"] } : {}), // a resume goes on after a callback's stop
    onStepEnd: (_, hits) => (hits >= 3 ? { ask: ["save", "stopRun"] } : {})
  })

const make = async (overwriteOutputDir = false) => {
  const trainer = await Trainer.make({
    model: mlp,
    args: {
      outputDir,
      overwriteOutputDir,
      learningRate: 1e-2,
      perDeviceTrainBatchSize: 32,
      numTrainEpochs: 8,
      weightDecay: 0.01,
      warmupRatio: 0.1,
      lrSchedulerType: "cosine",
      evalStrategy: "epoch",
      saveStrategy: "epoch",
      saveTotalLimit: 2,
      loadBestModelAtEnd: true,
      metricForBestModel: "accuracy",
      loggingSteps: 10,
      seed: 7
    },
    trainDataset: train,
    evalDataset: dev,
    computeMetrics,
    computeLoss,
    callbacks: [Callback.earlyStopping({ patience: 3 }), stopWhenGood(0.2)]
  })
  await trainer.removeCallback("ProgressCallback")
  return trainer
}

const trainer = await make(true)
const trained = await trainer.train()
await trainer.logMetrics("train", trained.metrics)
await trainer.saveMetrics("train", trained.metrics)
await trainer.saveState()
await trainer.saveModel()
const { bestMetric, bestModelCheckpoint, logHistory } = trainer.state
const accuracies = logHistory.flatMap(({ eval_accuracy }) => eval_accuracy ?? [])

const metrics = await trainer.evaluate({ dev, balanced })
await trainer.logMetrics("eval", metrics)
await trainer.saveMetrics("eval", metrics)
const predicted = await trainer.predict(test)
await trainer.logMetrics("test", predicted.metrics)
await trainer.saveMetrics("test", predicted.metrics)
await trainer.close()

// The same script again, with train(resume_from_checkpoint=True)
const again = await make()
const resumed = await again.train({ resumeFromCheckpoint: true })
await again.close()

// `optimizers=(SGD, LambdaLR)`
const other = await Trainer.make({
  model: mlp,
  args: { outputDir: join(outputDir, "sgd"), numTrainEpochs: 2, saveStrategy: "no" },
  trainDataset: train,
  optimizers: [Optimizer.sgd({ momentum: 0.9 }), ({ step }) => 0.02 / (1 + 0.01 * step)]
})
const sgd = await other.train()
await other.close()

const { eval_dev_accuracy = 0, eval_balanced_f1 = 0 } = metrics
const { test_accuracy = 0 } = predicted.metrics
assert(eval_dev_accuracy > 0.85 && eval_balanced_f1 > 0.85 && test_accuracy > 0.85)
assert(accuracies.length >= 2 && sgd.trainingLoss < 0.6)
assert.equal(bestMetric, Math.max(...accuracies))
assert.equal(resumed.globalStep, trained.globalStep)
assert(bestModelCheckpoint !== null && existsSync(bestModelCheckpoint))
const results = ["train", "eval", "test", "all"].map((split) => `${split}_results.json`)
for (const name of [...results, "model.safetensors", "trainer_state.json"]) assert(existsSync(join(outputDir, name)), name)
