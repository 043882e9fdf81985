/** MobileNetV2, a LayersModel of TensorFlow.js that knows photographs, learns to read digits: `bin/regimen train examples/mobilenet.ts`. */
import * as tfl from "@tensorflow/tfjs-layers"
import { Result } from "effect"
import { Program } from "regimen"
import { Accuracy, ConfusionMatrix } from "regimen/metrics"
import { LayersModel, Loss } from "regimen/nn"
import { heldOut, train } from "./data/digits.ts"
import { load } from "./mobilenet/backbone.ts"

const { layers } = tfl

/** Digits are doubled in size, framed, and given three colours. */
const image = tfl.input({ name: "image", shape: [28, 28, 1] })
const large = layers.upSampling2d({ size: [2, 2] }).apply(image) as tfl.SymbolicTensor
const framed = layers.zeroPadding2d({ padding: 4 }).apply(large) as tfl.SymbolicTensor
const coloured = layers.concatenate().apply([framed, framed, framed])
const features = layers.globalAveragePooling2d({}).apply((await load(64, 0.9)).apply(coloured) as tfl.SymbolicTensor)
const digit = layers.dense({ name: "digit", units: 10 }).apply(features) as tfl.SymbolicTensor

/** The last three blocks and the new head are trained; the others are frozen, and so are their statistics. */
const trainable = (path: string) => /^(block_1[456]_|Conv_1|digit)/.test(path)

const mobilenet = LayersModel.make(tfl.model({ inputs: image, outputs: digit }), {
  labels: ["labels"],
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels),
  trainable
})

export default Program.make({
  name: "mobilenet",
  args: {
    outputDir: "runs/mobilenet",
    numTrainEpochs: 1,
    perDeviceTrainBatchSize: 32,
    perDeviceEvalBatchSize: 64,
    learningRate: 1e-3,
    lrSchedulerType: "cosine",
    warmupRatio: 0.1,
    loggingSteps: 25,
    evalStrategy: "epoch",
    saveStrategy: "epoch"
  },
  model: Result.getOrThrow(mobilenet),
  trainDataset: train,
  evalDataset: heldOut,
  metrics: [Accuracy.make(), ConfusionMatrix.make([..."0123456789"])]
})
