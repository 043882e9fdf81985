/** TestModels models of TensorFlow.js's layers. Their outputs are logits, their layers have names. */
import * as tfl from "@tensorflow/tfjs-layers"

const { layers } = tfl

/** Convolutions of each kind, both kinds of pooling, and batch normalization. */
export const convolutions = () =>
  tfl.sequential({
    layers: [
      layers.conv2d({ name: "conv", filters: 4, kernelSize: 3, padding: "same", activation: "relu", inputShape: [8, 8, 2] }),
      layers.batchNormalization({ name: "norm", momentum: 0.9 }),
      layers.zeroPadding2d({ padding: 1 }),
      layers.depthwiseConv2d({ name: "depthwise", kernelSize: 3, strides: 2, padding: "valid", useBias: false }),
      layers.batchNormalization({ name: "norm2", momentum: 0.9 }),
      layers.reLU({ maxValue: 6 }),
      layers.separableConv2d({ name: "separable", filters: 5, kernelSize: 3, padding: "same", activation: "tanh" }),
      layers.maxPooling2d({ poolSize: 2, strides: 1, padding: "same" }),
      layers.averagePooling2d({ poolSize: 2, strides: 1, padding: "same" }),
      layers.globalAveragePooling2d({}),
      layers.dense({ name: "head", units: 3 })
    ]
  })

export const recurrent = () =>
  tfl.sequential({
    layers: [
      layers.timeDistributed({ name: "each", layer: layers.dense({ name: "dense", units: 3 }), inputShape: [5, 2] }),
      layers.bidirectional({
        name: "both",
        mergeMode: "concat",
        layer: layers.lstm({ name: "lstm", units: 3, returnSequences: true, recurrentInitializer: "glorotUniform" }) as tfl.RNN
      }),
      layers.layerNormalization({ name: "normal" }),
      layers.gru({ name: "gru", units: 4, recurrentInitializer: "glorotUniform" }),
      layers.dense({ name: "head", units: 3 })
    ]
  })

export const penalised = () =>
  tfl.sequential({
    layers: [
      layers.dense({
        name: "hidden",
        units: 4,
        activation: "elu",
        inputShape: [3],
        kernelRegularizer: tfl.regularizers.l2({ l2: 0.3 }),
        biasRegularizer: tfl.regularizers.l1({ l1: 0.2 })
      }),
      layers.dense({ name: "head", units: 2 })
    ]
  })

/** Two layers of one name, in two models. */
export const nested = () => {
  const inner = tfl.sequential({
    name: "inner",
    layers: [layers.dense({ name: "dense", units: 4, activation: "sigmoid", inputShape: [3] })]
  })
  const input = tfl.input({ shape: [3] })
  const outputs = layers.dense({ name: "dense", units: 2 }).apply(inner.apply(input) as tfl.SymbolicTensor) as tfl.SymbolicTensor
  return tfl.model({ inputs: input, outputs })
}

/** Batch normalization that is used twice in a forward pass. */
export const repeated = () => {
  const norm = layers.batchNormalization({ name: "norm", momentum: 0.8 })
  const widen = layers.dense({ name: "widen", units: 3, activation: "tanh" })
  return tfl.sequential({
    layers: [layers.inputLayer({ inputShape: [3] }), norm, widen, norm, layers.dense({ name: "head", units: 2 })]
  })
}

/** Two inputs, two outputs, and a layer that both inputs go through. */
export const forked = () => {
  const [left, right] = [tfl.input({ name: "left", shape: [3] }), tfl.input({ name: "right", shape: [3] })]
  const shared = layers.dense({ name: "shared", units: 4, activation: "tanh" })
  const both = layers.concatenate().apply([left, right].map((x) => shared.apply(x) as tfl.SymbolicTensor)) as tfl.SymbolicTensor
  const outputs = [layers.dense({ name: "class", units: 2 }), layers.dense({ name: "size", units: 1 })]
  return tfl.model({ inputs: [left, right], outputs: outputs.map((layer) => layer.apply(both) as tfl.SymbolicTensor) })
}

/** Noise of every kind, batch normalization, and dropout within recurrent cells. */
export const noisy = () =>
  tfl.sequential({
    layers: [
      layers.gaussianNoise({ name: "noise", stddev: 0.1, inputShape: [5, 2] }),
      layers.spatialDropout1d({ name: "spatial", rate: 0.2 }),
      layers.lstm({ name: "lstm", units: 4, dropout: 0.3, recurrentDropout: 0.3, recurrentInitializer: "glorotUniform" }),
      layers.batchNormalization({ name: "norm" }),
      layers.gaussianDropout({ name: "gaussian", rate: 0.2 }),
      layers.alphaDropout({ name: "alpha", rate: 0.2 }),
      layers.dropout({ name: "dropout", rate: 0.2 }),
      layers.dense({ name: "head", units: 3 })
    ]
  })

/** Each layer that draws, alone. */
export const noises = {
  Dropout: () => layers.dropout({ name: "d", rate: 0.3, inputShape: [40, 20] }),
  SpatialDropout1D: () => layers.spatialDropout1d({ name: "d", rate: 0.3, inputShape: [40, 20] }),
  GaussianDropout: () => layers.gaussianDropout({ name: "d", rate: 0.3, inputShape: [40, 20] }),
  AlphaDropout: () => layers.alphaDropout({ name: "d", rate: 0.3, inputShape: [40, 20] }),
  GaussianNoise: () => layers.gaussianNoise({ name: "d", stddev: 0.3, inputShape: [40, 20] })
}
