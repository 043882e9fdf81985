/** One table for all optimizers: each lowers two functions, keeps its slots, leaks nothing and leaves its input alone; and the laws of chains. */
import "@tensorflow/tfjs-backend-cpu"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Accumulate from "../../src/Optimizer/Accumulate.ts"
import * as Adam from "../../src/Optimizer/Adam.ts"
import * as Clip from "../../src/Optimizer/Clip.ts"
import * as Ema from "../../src/Optimizer/Ema.ts"
import * as Groups from "../../src/Optimizer/Groups.ts"
import * as Momentum from "../../src/Optimizer/Momentum.ts"
import * as Optimizers from "../../src/Optimizer/Optimizers.ts"
import * as Scale from "../../src/Optimizer/Scale.ts"
import { chain, identity, mapContext, type Transformation } from "../../src/Optimizer/Transformation.ts"
import * as WeightDecay from "../../src/Optimizer/WeightDecay.ts"
import * as Gradients from "../../src/Tensor/Gradients.ts"
import * as HostTensor from "../../src/Tensor/HostTensor.ts"
import * as Safetensors from "../../src/Tensor/Safetensors.ts"
import { type Tensor, type Tensors, tf } from "../../src/Tensor/Tensor.ts"
import * as Tree from "../../src/Tensor/Tree.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const everywhere = () => true
/** The slots that an optimizer names for a parameter of this rank, each followed by the parameter's path. */
type Slots = (rank: number) => ReadonlyArray<string>
const factored: Slots = (rank) => (rank < 2 ? ["adafactor.exp_avg_sq"] : ["adafactor.exp_avg_sq_row", "adafactor.exp_avg_sq_col"])
const moments: Slots = () => ["adam.exp_avg", "adam.exp_avg_sq"]
const decayed = { weightDecay: 1e-4, decays: everywhere }

const table: ReadonlyArray<{ readonly name: string; readonly optimizer: Transformation; readonly slots: Slots }> = [
  { name: "sgd", optimizer: Optimizers.sgd(), slots: () => [] },
  { name: "sgd, momentum", optimizer: Optimizers.sgd({ momentum: 0.5 }), slots: () => ["momentum.momentum_buffer"] },
  {
    name: "sgd, Nesterov, dampened, decayed",
    optimizer: Optimizers.sgd({ momentum: 0.5, nesterov: true, dampening: 0.1, ...decayed }),
    slots: () => ["momentum.momentum_buffer"]
  },
  { name: "adam", optimizer: Optimizers.adam(), slots: moments },
  {
    name: "adam, AMSGrad, decayed",
    optimizer: Optimizers.adam({ amsgrad: true, ...decayed }),
    slots: (rank) => [...moments(rank), "adam.max_exp_avg_sq"]
  },
  { name: "adamw", optimizer: Optimizers.adamw(decayed), slots: moments },
  { name: "clipped adamw", optimizer: chain(Clip.byValue(5), Clip.byGlobalNorm(1), Optimizers.adamw()), slots: moments },
  { name: "adagrad", optimizer: Optimizers.adagrad(), slots: () => ["adagrad.sum"] },
  {
    name: "adagrad, decayed",
    optimizer: Optimizers.adagrad({ learningRateDecay: 1e-3, ...decayed }),
    slots: () => ["adagrad.sum"]
  },
  { name: "rmsprop", optimizer: Optimizers.rmsprop(), slots: () => ["rmsprop.square_avg"] },
  {
    name: "rmsprop, centered, momentum, decayed",
    optimizer: Optimizers.rmsprop({ centered: true, momentum: 0.5, ...decayed }),
    slots: () => ["rmsprop.square_avg", "rmsprop.grad_avg", "momentum.momentum_buffer"]
  },
  { name: "lion", optimizer: Optimizers.lion(decayed), slots: () => ["lion.exp_avg"] },
  {
    name: "adafactor",
    optimizer: Optimizers.adafactor({ relativeStep: false, scaleParameter: false, ...decayed }),
    slots: factored
  },
  {
    name: "adafactor, a rate of its own, averaged",
    optimizer: Optimizers.adafactor({ beta1: 0.5, scaleParameter: false }),
    slots: (rank) => [...factored(rank), "adafactor_step.exp_avg"]
  },
  {
    name: "galore adamw",
    optimizer: Optimizers.galoreAdamw({ where: everywhere, rank: 1, updateProjGap: 5, scale: 1, ...decayed }),
    slots: (rank) => [...(rank === 2 ? ["galore.projection"] : []), "galore.adam.exp_avg", "galore.adam.exp_avg_sq"]
  },
  {
    name: "galore adafactor",
    optimizer: Optimizers.galoreAdafactor({ where: everywhere, rank: 1, updateProjGap: 5, scale: 1, projType: "reverse_std" }),
    slots: (rank) => [...(rank === 2 ? ["galore.projection"] : []), ...factored(rank).map((slot) => `galore.${slot}`)]
  },
  {
    name: "averaged adamw",
    optimizer: chain(Optimizers.adamw(), Ema.ofWeights({ decay: 0.9, warmup: true })),
    slots: (rank) => [...moments(rank), "ema.average"]
  },
  {
    name: "accumulated adamw",
    optimizer: chain(Accumulate.every(Optimizers.adamw(), 2)),
    slots: (rank) => ["accumulate.sum", ...moments(rank).map((slot) => `accumulate.${slot}`)]
  },
  {
    name: "adam, in groups",
    optimizer: Groups.make([
      { name: "first", where: (path) => path === "a" || path === "x", transformation: Optimizers.adam() },
      {
        name: "second",
        where: everywhere,
        transformation: mapContext(Optimizers.adam(), (at) => ({ ...at, learningRate: at.learningRate / 2 }))
      }
    ]),
    slots: moments
  }
]

interface Problem {
  readonly name: string
  readonly start: HostTensor.HostTensors
  readonly loss: (parameters: Tensors) => Tensor
  readonly learningRate: (optimizer: string) => number
}
const problems: ReadonlyArray<Problem> = [
  {
    name: "a quadratic",
    start: {
      a: HostTensor.fromArray([3, -2]),
      "b.weight": HostTensor.fromArray([
        [1, 2],
        [-1, 0.5]
      ])
    },
    loss: ({ a, "b.weight": b }) =>
      tf.add(
        tf.sum(tf.square(a!)),
        tf.sum(
          tf.mul(tf.square(b!), [
            [0.5, 4],
            [2, 1]
          ])
        )
      ),
    learningRate: (optimizer) => (optimizer.includes("adagrad") ? 0.5 : optimizer.includes("sgd") ? 0.05 : 0.1)
  },
  {
    name: "Rosenbrock's valley",
    start: { x: HostTensor.scalar(-0.5), y: HostTensor.scalar(0.5) },
    loss: ({ x, y }) => tf.add(tf.square(tf.sub(1, x!)), tf.mul(100, tf.square(tf.sub(y!, tf.square(x!))))),
    learningRate: (optimizer) =>
      optimizer.includes("adagrad") ? 0.5 : optimizer.includes("sgd") ? 1e-3 : optimizer === "rmsprop" ? 0.01 : 0.05
  }
]

/** Minimises for some steps; checks that they leave their input alone and the slots keep their names and shapes. */
const minimise = ({ start, loss, learningRate }: Problem, name: string, optimizer: Transformation, steps: number) => {
  let parameters: Tensors = HostTensor.toDevice(start)
  let slots: Tensors = tf.tidy(() => optimizer.init(parameters))
  const shapes = Tree.map(slots, ({ shape, dtype }) => ({ shape, dtype }))
  const lossAt = () => tf.tidy(() => loss(parameters).dataSync()[0]!)
  const first = lossAt()
  const count = tf.memory().numTensors
  for (let step = 0; step < steps; step++) {
    const before = step < 2 ? HostTensor.fromDevice({ ...parameters, ...Tree.prefix(slots, "slots") }) : undefined
    const next = tf.tidy(() => {
      const { gradients } = Gradients.valueAndGrads((moving) => ({ loss: loss(moving), aux: {} }), parameters)
      const scalars = Tree.map(optimizer.scalars({ step, learningRate: learningRate(name) }), (value) => tf.scalar(value))
      const output = optimizer.update({ gradients, parameters, slots, scalars })
      return { parameters: Tree.zip(parameters, output.updates, (p, update) => tf.add(p, update)), slots: output.slots }
    })
    if (before !== undefined) expect(HostTensor.fromDevice({ ...parameters, ...Tree.prefix(slots, "slots") })).toEqual(before)
    tf.dispose([parameters, slots])
    parameters = next.parameters
    slots = next.slots
  }
  expect(Tree.map(slots, ({ shape, dtype }) => ({ shape, dtype }))).toEqual(shapes)
  expect(tf.memory().numTensors).toBe(count)
  const saved = HostTensor.fromDevice(slots)
  const file = Safetensors.decode(Safetensors.encode(saved))
  expect(file.tensors).toEqual(saved)
  const last = lossAt()
  tf.dispose([parameters, slots])
  return { first, last, paths: Object.keys(shapes) }
}

describe.each(table)("$name", ({ name, optimizer, slots }) => {
  it.each(problems)("minimises $name, with the documented slots", (problem) => {
    const { first, last, paths } = minimise(problem, name, optimizer, name.includes("of its own") ? 1000 : 400)
    expect(last).toBeLessThan(first / 10)
    const named = Object.entries(problem.start).flatMap(([path, { shape }]) =>
      slots(shape.length).map((slot) => `${slot}.${path}`)
    )
    expect(paths.map((path) => path.replace(/^(first|second)\./, "")).sort()).toEqual(named.sort())
  })
})

const link = fc.constantFrom(
  identity,
  Clip.byValue(0.5),
  Clip.byGlobalNorm(1),
  Adam.scaleByAdam(),
  Adam.scaleByAdam({ beta1: 0.5, amsgrad: true }),
  Momentum.trace({ momentum: 0.9, dampening: 0.5 }),
  WeightDecay.add(0.1),
  Scale.byLearningRate
)

/** What a transformation does in three updates: everything that can be seen of it. */
const behaviour = (transformation: Transformation, values: ReadonlyArray<number>) =>
  tf.tidy(() => {
    const parameters = { "a.weight": tf.tensor1d([...values]), "a.bias": tf.scalar(1) }
    let slots = transformation.init(parameters)
    const seen: Array<unknown> = [HostTensor.fromDevice(slots)]
    for (let step = 0; step < 3; step++) {
      const scalars = transformation.scalars({ step, learningRate: 0.1 })
      const gradients = Tree.map(parameters, (parameter) => tf.mul(parameter, step + 1))
      const output = transformation.update({
        gradients,
        parameters,
        slots,
        scalars: Tree.map(scalars, (value) => tf.scalar(value))
      })
      slots = output.slots
      seen.push(scalars, HostTensor.fromDevice(output.updates), HostTensor.fromDevice(slots))
    }
    return seen as unknown as number
  }) as unknown

it("chain is associative and identity is its unit, including the names of slots", () => {
  fc.assert(
    fc.property(
      link,
      link,
      link,
      fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 2, maxLength: 2 }),
      (a, b, c, values) => {
        const flat = behaviour(chain(a, b, c), values)
        expect(behaviour(chain(chain(a, b), c), values)).toEqual(flat)
        expect(behaviour(chain(a, chain(b, c)), values)).toEqual(flat)
        expect(behaviour(chain(identity, a, identity, b, c), values)).toEqual(flat)
      }
    ),
    { numRuns: 200 }
  )
}, 60_000)

it("groups update each parameter as its transformation does alone", () => {
  const head = {
    name: "head",
    where: (path: string) => path.startsWith("head."),
    transformation: Optimizers.adamw({ weightDecay: 0.1 })
  }
  fc.assert(
    fc.property(fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 3, maxLength: 3 }), (values) => {
      tf.tidy(() => {
        const parameters = { "head.weight": tf.tensor1d([...values]), "body.weight": tf.tensor1d([...values]) }
        const rest = mapContext(Optimizers.sgd({ momentum: 0.9 }), (at) => ({ ...at, learningRate: at.learningRate / 2 }))
        const update = (optimizer: Transformation, some: Tensors) => {
          const scalars = Tree.map(optimizer.scalars({ step: 0, learningRate: 0.1 }), (value) => tf.scalar(value))
          return HostTensor.fromDevice(
            optimizer.update({ gradients: some, parameters: some, slots: optimizer.init(some), scalars }).updates
          )
        }
        expect(update(Groups.make([head], rest), parameters)).toEqual({
          ...update(head.transformation, Tree.pick(parameters, ["head.weight"])),
          ...update(rest, Tree.pick(parameters, ["body.weight"]))
        })
      })
    }),
    { numRuns: 200 }
  )
}, 60_000)

/** Runs an optimizer on gradients; gives the parameters after each update, and the last slots. */
const trajectory = (optimizer: Transformation, start: Tensors, gradients: ReadonlyArray<Tensors>) => {
  let parameters: Tensors = start
  let slots = optimizer.init(start)
  const all = gradients.map((gradient, step) => {
    const scalars = Tree.map(optimizer.scalars({ step, learningRate: 0.125 }), (value) => tf.scalar(value))
    const output = optimizer.update({ gradients: gradient, parameters, slots, scalars })
    slots = output.slots
    parameters = Tree.zip(parameters, output.updates, (p, update) => tf.add(p, update))
    return parameters
  })
  return { all, slots }
}
const numbers = fc.array(
  fc.double({ min: -3, max: 3, noNaN: true }).map((x) => Math.fround(x) + 0),
  { minLength: 2, maxLength: 2 }
)
const pair = (values: ReadonlyArray<number>): Tensors => ({ w: tf.tensor1d([...values]) })

it("n accumulated updates equal one update on the mean", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(numbers, { minLength: 3, maxLength: 7 }),
      numbers,
      (n, gradients, start) => {
        tf.tidy(() => {
          const adamw = Optimizers.adamw()
          const many = trajectory(Accumulate.every(adamw, n), pair(start), gradients.map(pair)).all.map(HostTensor.fromDevice)
          const means = Array.from({ length: Math.floor(gradients.length / n) }, (_, i) => ({
            w: gradients.slice(i * n, i * n + n).reduce((sum, values) => tf.add(sum, tf.tensor1d([...values])), tf.zeros([2]))
          })).map(({ w }) => ({ w: tf.div(w, n) }))
          const one = trajectory(adamw, pair(start), means).all.map(HostTensor.fromDevice)
          many.forEach((found, i) => {
            const updates = Math.floor((i + 1) / n)
            expect(found).toEqual(updates === 0 ? HostTensor.fromDevice(pair(start)) : one[updates - 1])
          })
        })
      }
    ),
    { numRuns: 200 }
  )
}, 60_000)

it("the moving average of the weights equals its formula, and does not change updates", () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(numbers, { minLength: 1, maxLength: 5 }), numbers, (warmup, gradients, start) => {
      tf.tidy(() => {
        const plain = trajectory(Optimizers.sgd(), pair(start), gradients.map(pair)).all.map(HostTensor.fromDevice)
        const averaged = trajectory(
          chain(Optimizers.sgd(), Ema.ofWeights({ decay: 0.5, warmup })),
          pair(start),
          gradients.map(pair)
        )
        expect(averaged.all.map(HostTensor.fromDevice)).toEqual(plain)
        const expected = plain.reduce((mean, { w }, step) => {
          const decay = warmup ? Math.min(0.5, (1 + step) / (10 + step)) : 0.5
          return mean.map((value, i) => decay * value + (1 - decay) * w!.data[i]!)
        }, start)
        const found = Ema.read(HostTensor.fromDevice(averaged.slots)).w!.data
        expected.forEach((value, i) => void expect(Math.abs(found[i]! - value)).toBeLessThan(1e-5))
      })
    }),
    { numRuns: 200 }
  )
}, 60_000)

it("an accumulation propagates a NaN to its update, and its slots are finite afterwards", () => {
  tf.tidy(() => {
    const { all } = trajectory(Accumulate.every(Optimizers.sgd(), 2), pair([1, 1]), [pair([Number.NaN, 0]), pair([0, 0])])
    expect(all.map(({ w }) => [...w!.dataSync()])).toEqual([
      [1, 1],
      [Number.NaN, 1]
    ])
  })
})

it.each(table)("$name propagates a NaN", ({ name, optimizer }) => {
  tf.tidy(() => {
    const start = { w: tf.ones([2, 2]), b: tf.ones([2]) }
    const bad = { w: tf.tensor2d([Number.NaN, 1, 1, 1], [2, 2]), b: tf.tensor1d([Number.NaN, 1]) }
    const { all } = trajectory(optimizer, start, name.startsWith("accumulated") ? [bad, bad] : [bad])
    for (const parameter of Object.values(all.at(-1)!)) expect(parameter.dataSync()[0]).toBeNaN()
  })
})

it("clipping propagates a NaN", () => {
  tf.tidy(() => {
    const gradients = { a: tf.tensor1d([Number.NaN, 2]), b: tf.tensor1d([1]) }
    const input = { gradients, parameters: {}, slots: {}, scalars: {} }
    expect(Clip.byValue(1).update(input).updates.a!.dataSync()).toEqual(Float32Array.of(Number.NaN, 1))
    expect(Clip.byGlobalNorm(1).update(input).updates.b!.dataSync()[0]).toBeNaN()
  })
})
