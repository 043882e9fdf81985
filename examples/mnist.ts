/** A small convolutional network learns to read handwritten digits: `bin/regimen train examples/mnist.ts`. */
import { Model, Program, tf } from "regimen"
import { Accuracy, ConfusionMatrix } from "regimen/metrics"
import { Conv2d, Dense, Loss, Parameters, Pool } from "regimen/nn"
import { heldOut, train } from "./data/digits.ts"

const cnn = Model.make({
  inputs: ["image"],
  labels: ["labels"],
  init: Parameters.make({
    conv1: Conv2d.init({ inputs: 1, outputs: 16, kernel: 3 }),
    conv2: Conv2d.init({ inputs: 16, outputs: 32, kernel: 3 }),
    head: Dense.init({ inputs: 7 * 7 * 32, outputs: 10 })
  }),
  forward: (p, { image }) => {
    const edges = Pool.max(tf.relu(Conv2d.apply(p, "conv1", image)), 2)
    const shapes = Pool.max(tf.relu(Conv2d.apply(p, "conv2", edges)), 2)
    return { logits: Dense.apply(p, "head", Pool.flatten(shapes)) }
  },
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

export default Program.make({
  args: {
    outputDir: "runs/mnist",
    numTrainEpochs: 3,
    perDeviceTrainBatchSize: 32,
    perDeviceEvalBatchSize: 256,
    learningRate: 3e-3,
    lrSchedulerType: "cosine",
    warmupRatio: 0.05,
    loggingSteps: 25,
    evalStrategy: "epoch",
    saveStrategy: "epoch",
    saveTotalLimit: 2
  },
  model: cnn,
  trainDataset: train,
  evalDataset: heldOut,
  metrics: [Accuracy.make(), ConfusionMatrix.make([..."0123456789"])]
})
