/** Models of TensorFlow.js's layers do here what they do there: forward, an update, statistics, on each device. */
import { describe, expect, it } from "@effect/vitest"
import * as tfl from "@tensorflow/tfjs-layers"
import { Effect, Result } from "effect"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import { Device } from "../../../src/Layer/Device/Device.ts"
import * as Wasm from "../../../src/Layer/Device/Wasm.ts"
import { partsOf, weightsOf } from "../../../src/Model/LayersModel/LayerTree.ts"
import * as LayersModel from "../../../src/Model/LayersModel.ts"
import * as Loss from "../../../src/Model/Loss.ts"
import type { Context, Model } from "../../../src/Model/Model.ts"
import { sgd } from "../../../src/Optimizer/Optimizers.ts"
import * as Gradient from "../../../src/Step/Gradient.ts"
import { perToken } from "../../../src/Step/Reduction.ts"
import * as Step from "../../../src/Step/Step.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import * as Random from "../../../src/Tensor/Random.ts"
import { type Tensor, type Tensors, tf } from "../../../src/Tensor/Tensor.ts"
import type { Weights } from "../../../src/Tensor/Weights.ts"
import * as TestModels from "../../support/layersModels.ts"

const { layers } = tfl

const cases = {
  convolutions: { build: TestModels.convolutions, shape: [4, 8, 8, 2], classes: 3 },
  recurrent: { build: TestModels.recurrent, shape: [4, 5, 2], classes: 3 },
  "a penalty": { build: TestModels.penalised, shape: [4, 3], classes: 2 },
  "a layer used twice": { build: TestModels.repeated, shape: [4, 3], classes: 2 },
  "a model in a model": { build: TestModels.nested, shape: [4, 3], classes: 2 }
} as const

for (const [device, layer] of [
  ["cpu", Cpu.layer],
  ["wasm", Wasm.layer]
] as const) {
  describe(device, () => {
    for (const [name, { build, shape, classes }] of Object.entries(cases)) {
      it.effect(`${name}: the outputs are predict's`, () =>
        on(layer, () => {
          const there = build()
          const model = adapt(there)
          const { x } = batchOf(shape, classes)
          const found = model.apply(...given(model, { x }), evaluating(model)).outputs.logits!
          expect(closeness(found, there.predict(x) as Tensor)).toBeLessThan(1e-6)
          expect(found.shape).toEqual([4, classes])
        })
      )

      it.effect(`${name}: updates by gradient descent are trainOnBatch's, statistics and all`, () =>
        Effect.gen(function* () {
          yield* Device
          const there = build()
          const model = adapt(there)
          there.compile({ optimizer: tf.train.sgd(0.1), loss: (y, z) => tf.losses.softmaxCrossEntropy(y, z) })
          const step = Step.make({ model, optimizer: sgd() })
          let weights = initial(model)
          for (let i = 0; i < 4; i++) {
            const batch = batchOf(shape, classes, i)
            const hot = tf.oneHot(batch.labels, classes)
            const theirs = yield* Effect.promise(() => there.trainOnBatch(batch.x, hot))
            const next = step({ weights, batches: [batch], keys: [Key.make(i)], scalars: rate() })
            expect(Math.abs(next.loss.dataSync()[0]! - (theirs as number))).toBeLessThan(1e-6)
            weights = next.weights
          }
          const after = adapt(there)
          expect(furthest(HostTensor.fromDevice(weights.parameters), after.init(Key.make(0)))).toBeLessThan(1e-6)
          expect(furthest(HostTensor.fromDevice(weights.buffers), after.buffers!(Key.make(0)))).toBeLessThan(1e-6)
          expect(furthest(model.init(Key.make(0)), after.init(Key.make(0)))).toBeGreaterThan(1e-3)
          if (name === "convolutions")
            expect(furthest(model.buffers!(Key.make(0)), after.buffers!(Key.make(0)))).toBeGreaterThan(1e-3)
        }).pipe(Effect.provide(layer))
      )

      it.effect(`${name}: gradients are those of TensorFlow.js`, () =>
        on(layer, () => {
          const there = build()
          const model = adapt(there)
          const { labels, x } = batchOf(shape, classes)
          const { value, grads } = tf.variableGrads(() => {
            const loss = tf.losses.softmaxCrossEntropy(tf.oneHot(labels, classes), there.apply(x, { training: true }) as Tensor)
            return tf.addN([loss, ...there.calculateLosses()]) as tf.Scalar
          })
          const [parameters, batch] = given(model, { x, labels })
          const pass = Gradient.make({ model, reduction: perToken })
          const { gradients, loss } = pass({ parameters, buffers: evaluating(model).buffers, batch, key: Key.make(0) })
          expect(closeness(tf.div(loss.sum, loss.count), value)).toBeLessThan(1e-6)
          const names = new Map(there.trainableWeights.map((variable) => [variable.id, variable.name]))
          const theirs = weightsOf(there).filter(({ variable }) => names.has(variable.id))
          expect(Object.keys(gradients)).toEqual(theirs.map(({ name }) => name))
          for (const { name, variable } of theirs)
            expect(closeness(tf.div(gradients[name]!, loss.count), grads[names.get(variable.id)!]!), name).toBeLessThan(1e-5)
        })
      )
    }

    it.effect("tensors do not pile up, with dropout in a recurrent cell and in statistics", () =>
      on(layer, () => {
        for (const build of [TestModels.convolutions, TestModels.noisy]) {
          const model = adapt(build())
          const step = Step.make({ model, optimizer: sgd() })
          const batch = build === TestModels.noisy ? batchOf([4, 5, 2], 3) : batchOf([4, 8, 8, 2], 3)
          let weights = initial(model)
          const counts = Array.from({ length: 4 }, (_, i) => {
            const scalars = rate()
            const next = step({ weights, batches: [batch], keys: [Key.make(i)], scalars })
            tf.dispose([scalars, weights.parameters, weights.buffers, weights.slots, next.loss, next.gradNorm, next.count])
            weights = next.weights
            return tf.memory().numTensors
          })
          expect(new Set(counts).size).toBe(1)
        }
      })
    )
  })
}

describe("noise", () => {
  const outputs = (model: Model, seed: number, training = true) => [
    ...model
      .apply(...given(model, batchOf([4, 5, 2], 3)), { ...evaluating(model), training, key: Key.make(seed) })
      .outputs.logits!.dataSync()
  ]

  it.effect("one key gives one pass, to the bit; another key another", () =>
    on(Cpu.layer, () => {
      const model = adapt(TestModels.noisy())
      const before = tf.memory().numTensors
      for (const training of [true, false]) tf.tidy(() => void outputs(model, 1, training))
      expect(tf.memory().numTensors).toBe(before)
      expect(outputs(model, 1)).toEqual(outputs(model, 1))
      expect(outputs(model, 1)).not.toEqual(outputs(model, 2))
      expect(outputs(model, 1, false)).toEqual(outputs(model, 2, false))
    })
  )

  for (const [name, layer] of Object.entries(TestModels.noises)) {
    it.effect(`${name} keeps the mean, and draws as much as it should`, () =>
      on(Cpu.layer, () => {
        const model = adapt(tfl.sequential({ layers: [layer()] }))
        const x = HostTensor.toDevice({ x: Random.normal(Key.make(5), [50, 40, 20]) }).x!
        const draw = (seed: number) =>
          model.apply({}, { x }, { training: true, key: Key.make(seed), buffers: {} }).outputs.logits!
        const { mean, variance } = tf.moments(tf.add(draw(1), 0))
        expect(Math.abs(mean.dataSync()[0]!)).toBeLessThan(0.02)
        // Of unit normal inputs: 1 / (1 - rate), but alpha dropout keeps the variance, and noise adds its own.
        const expected = { AlphaDropout: 1, GaussianNoise: 1.09 }[name] ?? 1 / (1 - 0.3)
        expect(Math.abs(variance.dataSync()[0]! - expected)).toBeLessThan(0.03)
        expect(closeness(draw(1), draw(1))).toBe(0)
        expect(closeness(draw(1), draw(2))).toBeGreaterThan(0.1)
      })
    )
  }

  it.effect("alpha dropout sets what it drops to the lower end", () =>
    on(Cpu.layer, () => {
      const model = adapt(tfl.sequential({ layers: [TestModels.noises.AlphaDropout()] }))
      const context = { training: true, key: Key.make(1), buffers: {} }
      const below = tf.less(model.apply({}, { x: tf.zeros([50, 40, 20]) }, context).outputs.logits!, 0)
      expect(tf.mean(tf.cast(below, "float32")).dataSync()[0]).toBeCloseTo(0.3, 1)
    })
  )

  it.effect("dropout drops what Tensor's dropout drops, and spatial dropout whole channels", () =>
    on(Cpu.layer, () => {
      const { x } = HostTensor.toDevice({ x: HostTensor.ones([2, 30, 10]) })
      const draw = (layer: tfl.layers.Layer) =>
        adapt(tfl.sequential({ layers: [layer] })).apply({}, { x: x! }, { training: true, key: Key.make(3), buffers: {} }).outputs
          .logits!
      const spatial = draw(layers.spatialDropout1d({ name: "d", rate: 0.5, inputShape: [30, 10] }))
      expect(closeness(spatial, tf.broadcastTo(tf.slice(spatial, [0, 0, 0], [2, 1, 10]), [2, 30, 10]))).toBe(0)
      const { drops } = HostTensor.toDevice({
        drops: Random.bernoulli(Key.fold(Key.fold(Key.make(3), "d"), 0), 0.5, [2, 30, 10])
      })
      const plain = draw(layers.dropout({ name: "d", rate: 0.5, inputShape: [30, 10] }))
      expect(closeness(plain, tf.mul(tf.sub(1, tf.cast(drops!, "float32")), 2))).toBe(0)
    })
  )

  it.effect("a layer that is used twice draws twice, and so do two layers", () =>
    on(Cpu.layer, () => {
      const input = tfl.input({ shape: [200] })
      const drop = layers.dropout({ rate: 0.5 })
      const outputs = [drop, drop, layers.dropout({ rate: 0.5 })].map((layer) => layer.apply(input) as tfl.SymbolicTensor)
      const there = tfl.model({ inputs: input, outputs })
      const model = Result.getOrThrow(LayersModel.make(there, { inputs: ["x"], outputs: ["a", "b", "c"] }))
      const { a, b, c } = model.apply({}, { x: tf.ones([1, 200]) }, { training: true, key: Key.make(3), buffers: {} }).outputs
      expect(closeness(a!, b!)).toBe(2)
      expect(closeness(a!, c!)).toBe(2)
    })
  )
})

describe("what is frozen", () => {
  const { x, labels } = { x: [4, 8, 8, 2], labels: 3 } as const

  it.effect("stays to the bit, has no slots, and its batch normalization uses its statistics", () =>
    on(Cpu.layer, () => {
      const there = TestModels.convolutions()
      for (const name of ["conv", "norm"]) there.getLayer(name).trainable = false
      const model = adapt(there)
      const optimizer = sgd({ momentum: 0.9 })
      const parameters = HostTensor.toDevice(model.init(Key.make(0)))
      const frozen = ["conv.kernel", "conv.bias", "norm.gamma", "norm.beta"]
      expect(Object.keys(parameters).filter((path) => !model.trainable!(path))).toEqual(frozen)
      const trained = Object.fromEntries(Object.entries(parameters).filter(([path]) => model.trainable!(path)))
      const slots = optimizer.init(trained)
      expect(Object.keys(slots).filter((path) => frozen.some((name) => path.endsWith(name)))).toEqual([])
      const step = Step.make({ model, optimizer })
      const buffers = HostTensor.toDevice(model.buffers!(Key.make(0)))
      const after = step({
        weights: { parameters, buffers, slots },
        batches: [batchOf(x, labels)],
        keys: [Key.make(0)],
        scalars: rate()
      })
      for (const path of frozen) expect(closeness(after.weights.parameters[path]!, parameters[path]!)).toBe(0)
      expect(closeness(after.weights.buffers["norm.moving_mean"]!, buffers["norm.moving_mean"]!)).toBe(0)
      expect(closeness(after.weights.buffers["norm2.moving_mean"]!, buffers["norm2.moving_mean"]!)).toBeGreaterThan(1e-4)
      expect(closeness(after.weights.parameters["head.kernel"]!, parameters["head.kernel"]!)).toBeGreaterThan(1e-4)
    })
  )

  it.effect("is what the predicate says, where there is one", () =>
    on(Cpu.layer, () => {
      const there = TestModels.convolutions()
      there.getLayer("conv").trainable = false
      const model = Result.getOrThrow(
        LayersModel.make(there, { inputs: ["x"], trainable: (path) => /^(conv|head)\./.test(path) })
      )
      expect(Object.keys(model.init(Key.make(0))).filter(model.trainable!)).toEqual([
        "conv.kernel",
        "conv.bias",
        "head.kernel",
        "head.bias"
      ])
      const training = { ...evaluating(model), training: true }
      expect(model.apply(...given(model, { x: batchOf(x, labels).x }), training).buffers).toEqual({})
    })
  )
})

describe("batch normalization without a scale, an offset, or both", () => {
  const cases = [true, false].flatMap((scale) => [true, false].map((center) => ({ scale, center })))
  const build = (options: { readonly scale: boolean; readonly center: boolean }) => {
    const there = tfl.sequential({
      layers: [
        layers.dense({ name: "lin", units: 3, inputShape: [4], kernelInitializer: tfl.initializers.glorotNormal({ seed: 1 }) }),
        layers.batchNormalization({ name: "norm", momentum: 0.8, ...options }),
        layers.dense({ name: "head", units: 2, kernelInitializer: tfl.initializers.glorotNormal({ seed: 2 }) })
      ]
    })
    const weights = there.getLayer("norm").getWeights().slice(0, -2)
    there.getLayer("norm").setWeights([...weights, tf.tensor1d([0.1, -0.2, 0.3]), tf.tensor1d([1, 2, 0.5])])
    return there
  }
  const updated = (there: tfl.LayersModel) => {
    const model = adapt(there)
    const batch = batchOf([6, 4], 2)
    const { weights } = Step.make({ model, optimizer: sgd() })({
      weights: initial(model),
      batches: [batch],
      keys: [Key.make(0)],
      scalars: rate()
    })
    const training = model.apply(...given(model, batch), { ...evaluating(model), training: true })
    return { batch, model, weights, logits: training.outputs.logits! }
  }

  it.effect.each(cases)("trained, it is as with ones and zeros: %j", (options) =>
    on(Cpu.layer, () => {
      const there = build(options)
      const { batch, logits, model, weights } = updated(there)
      expect(
        closeness(model.apply(...given(model, batch), evaluating(model)).outputs.logits!, there.predict(batch.x) as Tensor)
      ).toBe(0)
      const whole = build({ scale: true, center: true })
      const other = updated(whole)
      expect(closeness(logits, other.logits)).toBe(0)
      expect(closeness(logits, whole.apply(batch.x, { training: true }) as Tensor)).toBeLessThan(1e-6)
      for (const [name, value] of Object.entries(weights.buffers)) expect(closeness(value, other.weights.buffers[name]!)).toBe(0)
      expect(closeness(weights.buffers["norm.moving_mean"]!, initial(model).buffers["norm.moving_mean"]!)).toBeGreaterThan(1e-3)
      for (const [name, value] of Object.entries(weights.parameters))
        expect(closeness(value, other.weights.parameters[name]!), name).toBeLessThan(1e-6)
    })
  )

  it.effect.each(cases)("it is frozen with the model that it is in: %j", (options) =>
    on(Cpu.layer, () => {
      const inner = build(options)
      inner.trainable = false
      const there = tfl.sequential({ layers: [layers.dense({ name: "first", units: 4, inputShape: [4] }), inner] })
      const { batch, logits, model, weights } = updated(there)
      expect(closeness(logits, there.predict(batch.x) as Tensor)).toBeLessThan(1e-6)
      const before = initial(model)
      for (const [name, value] of Object.entries(weights.buffers)) expect(closeness(value, before.buffers[name]!), name).toBe(0)
    })
  )

  it.effect.each(cases)("frozen, it uses its statistics, and what is before it learns: %j", (options) =>
    on(Cpu.layer, () => {
      const there = build(options)
      there.getLayer("norm").trainable = false
      const { batch, logits, model, weights } = updated(there)
      expect(closeness(logits, there.predict(batch.x) as Tensor)).toBeLessThan(1e-6)
      const before = initial(model)
      for (const [name, value] of Object.entries(weights.buffers)) expect(closeness(value, before.buffers[name]!), name).toBe(0)
      expect(closeness(weights.parameters["lin.kernel"]!, before.parameters["lin.kernel"]!)).toBeGreaterThan(1e-4)
    })
  )
})

describe("the LayersModel", () => {
  it.effect("gives its weights the same names, whatever is frozen", () =>
    on(Cpu.layer, () => {
      const there = TestModels.nested()
      const before = adapt(there).init(Key.make(0))
      expect(Object.keys(before)).toEqual(["dense.kernel", "dense.bias", "dense.kernel_2", "dense.bias_2"])
      there.getLayer("inner").trainable = false
      expect(adapt(there).init(Key.make(0))).toEqual(before)
      expect(Object.keys(before).filter(adapt(there).trainable!)).toEqual(["dense.kernel_2", "dense.bias_2"])
    })
  )

  it.effect("is as it was after a pass, and after one that fails", () =>
    on(Cpu.layer, () => {
      const there = TestModels.noisy()
      const model = adapt(there)
      const own = () =>
        partsOf(there)
          .map(({ layer }) => layer)
          .map((object) => Object.keys(object).join())
      const [before, weights] = [own(), there.getWeights().map((tensor) => [...tensor.dataSync()])]
      model.apply(...given(model, batchOf([4, 5, 2], 3)), { ...evaluating(model), training: true })
      expect(() => model.apply({}, batchOf([4, 5, 2], 3), evaluating(model))).toThrow(/looks for ".*" in the parameters/)
      expect(() => model.apply(...given(model, { x: tf.ones([4, 2]) }), evaluating(model))).toThrow()
      expect(own()).toEqual(before)
      expect(there.getWeights().map((tensor) => [...tensor.dataSync()])).toEqual(weights)
    })
  )

  it.effect("predicts with the weights that it is assigned", () =>
    on(Cpu.layer, () => {
      const there = TestModels.convolutions()
      const model = adapt(there)
      const batch = batchOf([4, 8, 8, 2], 3)
      const { weights } = Step.make({ model, optimizer: sgd() })({
        weights: initial(model),
        batches: [batch],
        keys: [Key.make(0)],
        scalars: rate()
      })
      const context = { ...evaluating(model), buffers: weights.buffers }
      const expected = model.apply(weights.parameters, batch, context).outputs.logits!
      expect(closeness(there.predict(batch.x) as Tensor, expected)).toBeGreaterThan(1e-3)
      const host = { parameters: HostTensor.fromDevice(weights.parameters), buffers: HostTensor.fromDevice(weights.buffers) }
      LayersModel.assign(there, host)
      expect(closeness(there.predict(batch.x) as Tensor, expected)).toBe(0)
      expect(adapt(there).init(Key.make(0))).toEqual(host.parameters)
      expect(adapt(there).buffers!(Key.make(0))).toEqual(host.buffers)
      const { "head.bias": _, ...short } = host.parameters
      expect(() => LayersModel.assign(there, { ...host, parameters: short })).toThrow(/head\.bias/)
      const wide = { ...host.parameters, "head.bias": HostTensor.zeros([7]) }
      expect(() => LayersModel.assign(there, { ...host, parameters: wide })).toThrow(/head\.bias.*\[3\].*\[7\]/)
      expect(adapt(there).init(Key.make(0))).toEqual(host.parameters)
    })
  )

  it.effect("may have several inputs and outputs, and a loss of both", () =>
    on(Cpu.layer, () => {
      const there = TestModels.forked()
      const model = Result.getOrThrow(
        LayersModel.make(there, {
          outputs: ["class", "size"],
          labels: ["labels", "sizes"],
          loss: (outputs, { labels, sizes }) => {
            const named = Loss.crossEntropy(outputs.class, labels)
            return { ...named, sum: tf.add(named.sum, Loss.meanSquaredError(outputs.size, sizes).sum) }
          }
        })
      )
      expect(model.inputs).toEqual(["left", "right"])
      const { x, labels } = batchOf([4, 3], 2)
      const batch = { left: x, right: tf.neg(x), labels, sizes: tf.ones([4]) }
      const parameters = HostTensor.toDevice(model.init(Key.make(0)))
      const result = model.apply(parameters, batch, { training: true, key: Key.make(0), buffers: {} })
      const [first, second] = there.predict([x, tf.neg(x)]) as [Tensor, Tensor]
      expect(closeness(result.outputs.class!, first)).toBeLessThan(1e-6)
      expect(closeness(result.outputs.size!, second)).toBeLessThan(1e-6)
      const sum =
        Loss.crossEntropy(first, labels).sum.dataSync()[0]! + Loss.meanSquaredError(second, batch.sizes).sum.dataSync()[0]!
      expect(result.loss!.sum.dataSync()[0]).toBeCloseTo(sum, 5)
      const { sizes, ...unlabelled } = batch
      expect(model.apply(parameters, unlabelled, { training: false, key: Key.make(0), buffers: {} }).loss).toBeUndefined()
    })
  )
})

describe("what cannot be carried is refused", () => {
  const refused = (there: LayersModel.LayersModel, options = {}) =>
    Result.getOrThrow(Result.flip(LayersModel.make(there, options))).message

  it.effect("by the name of its layer", () =>
    on(Cpu.layer, () => {
      const stateful = layers.lstm({
        name: "memory",
        units: 2,
        stateful: true,
        recurrentInitializer: "zeros",
        batchInputShape: [1, 2, 2]
      })
      expect(refused(tfl.sequential({ layers: [stateful] }))).toContain('Layer "memory" (LSTM) cannot be trained here')
      const held = layers.dense({ name: "held", units: 2, inputShape: [2], kernelConstraint: "nonNeg" })
      const constrained = tfl.sequential({ layers: [held] })
      expect(refused(constrained)).toContain(
        'Layer "held" (Dense) cannot be trained here: its weight held/kernel has a constraint'
      )
      expect(Result.isSuccess(LayersModel.make(constrained, { trainable: (path) => path === "held.bias" }))).toBe(true)
      expect(refused(tfl.sequential({ name: "empty" }))).toContain(
        'Layer "empty" (Sequential) cannot be trained here: it has no layers'
      )
      const input = tfl.input({ shape: [4, 4, 1] })
      const wide = layers.randomWidth({ name: "wide", factor: 0.5 }).apply(input) as tfl.SymbolicTensor
      expect(refused(tfl.model({ inputs: input, outputs: wide }))).toContain('Layer "wide" (RandomWidth)')
    })
  )

  it.effect("and so are names that do not go with its inputs and outputs", () =>
    on(Cpu.layer, () => {
      expect(refused(TestModels.forked())).toContain("The model has 2 outputs (class, size), and 1 are named (logits)")
      expect(refused(TestModels.forked(), { inputs: ["x"] })).toContain(
        "The model has 2 inputs (left, right), and 1 are named (x)"
      )
    })
  )
})

const adapt = (there: tfl.LayersModel): Model =>
  Result.getOrThrow(
    LayersModel.make(there, {
      inputs: ["x"],
      labels: ["labels"],
      loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
    })
  )

/** Runs a test on a device, in a tidy. */
const on = (layer: typeof Cpu.layer, test: () => void) =>
  Effect.gen(function* () {
    const device = yield* Device
    yield* device.run("a test", test).pipe(Effect.orDie)
  }).pipe(Effect.provide(layer))

const rate = (): Tensors => ({ "learning_rate.negativeRate": tf.scalar(-0.1) })

const batchOf = (shape: ReadonlyArray<number>, classes: number, seed = 0) => {
  const data = Random.normal(Key.make(seed), shape)
  const labels = HostTensor.fromArray(
    Array.from({ length: shape[0]! }, (_, i) => (i + seed) % classes),
    "int32"
  )
  return HostTensor.toDevice({ x: data, labels }) as { x: Tensor; labels: Tensor }
}

const given = (model: Model, batch: Tensors): [Tensors, Tensors] => [HostTensor.toDevice(model.init(Key.make(0))), batch]

const evaluating = (model: Model): Context => ({
  training: false,
  key: Key.make(0),
  buffers: HostTensor.toDevice(model.buffers!(Key.make(0)))
})

const initial = (model: Model): Weights => ({
  parameters: HostTensor.toDevice(model.init(Key.make(0))),
  buffers: HostTensor.toDevice(model.buffers!(Key.make(0))),
  slots: {}
})

/** The largest difference. */
const closeness = (a: Tensor, b: Tensor): number => {
  expect(a.shape).toEqual(b.shape)
  return tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!
}

const furthest = (a: HostTensor.HostTensors, b: HostTensor.HostTensors): number => {
  expect(Object.keys(a)).toEqual(Object.keys(b))
  return Math.max(
    0,
    ...Object.keys(a).flatMap((path) => Array.from(a[path]!.data, (value, i) => Math.abs(value - b[path]!.data[i]!)))
  )
}
