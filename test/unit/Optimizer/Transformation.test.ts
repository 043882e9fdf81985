import "@tensorflow/tfjs-backend-cpu"
import { it as effect } from "@effect/vitest"
import { Effect } from "effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import * as Service from "../../../src/Layer/Optimizer.ts"
import * as Adam from "../../../src/Optimizer/Adam.ts"
import * as Groups from "../../../src/Optimizer/Groups.ts"
import * as Momentum from "../../../src/Optimizer/Momentum.ts"
import * as Optimizers from "../../../src/Optimizer/Optimizers.ts"
import { chain, identity, mapContext } from "../../../src/Optimizer/Transformation.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))
afterAll(() => expect(tf.memory().numTensors).toBe(0))

const slotsOf = (transformation: ReturnType<typeof chain>) =>
  tf.tidy(() => Object.keys(transformation.init({ w: tf.scalar(1), b: tf.scalar(1) })) as unknown as number) as unknown

it("makes the names of equal links unique", () => {
  const trace = Momentum.trace({ momentum: 0.5 })
  expect(slotsOf(chain(trace, chain(trace, identity), { ...trace, name: "momentum_2" }))).toEqual([
    "momentum.momentum_buffer.w",
    "momentum.momentum_buffer.b",
    "momentum_2.momentum_buffer.w",
    "momentum_2.momentum_buffer.b",
    "momentum_2_2.momentum_buffer.w",
    "momentum_2_2.momentum_buffer.b"
  ])
})

it("computes bias corrections in float64, for the next update", () => {
  const { correction, epsilon } = Adam.scaleByAdam().scalars({ step: 9, learningRate: 1 })
  const root = Math.sqrt(1 - 0.999 ** 10)
  expect(correction).toBe(root / (1 - 0.9 ** 10))
  expect(epsilon).toBe(1e-8 * root)
  expect(Adam.scaleByAdam({ epsilonHat: true }).scalars({ step: 9, learningRate: 1 })).toEqual({ correction, epsilon: 1e-8 })
})

it("updates a parameter by the first group that accepts it, with slots only where they exist", () => {
  const adam = Optimizers.adam()
  const groups = Groups.make(
    [
      { name: "one", where: (path) => path === "w", transformation: adam },
      { name: "two", where: () => true, transformation: Optimizers.sgd({ momentum: 0.5 }) }
    ],
    adam
  )
  expect(slotsOf(groups)).toEqual(["one.adam.exp_avg.w", "one.adam.exp_avg_sq.w", "two.momentum.momentum_buffer.b"])
  const twice = Groups.make(
    [{ name: "rest", where: (path) => path === "w", transformation: adam }],
    Optimizers.sgd({ momentum: 0.5 })
  )
  expect(slotsOf(twice)).toEqual(["rest.adam.exp_avg.w", "rest.adam.exp_avg_sq.w", "rest_2.momentum.momentum_buffer.b"])
})

it("mapContext applies to every link, also within another chain", () => {
  const late = mapContext(Optimizers.adam(), (at) => ({ step: at.step + 1, learningRate: 3 }))
  expect(chain(late, identity).scalars({ step: 0, learningRate: 1 })).toEqual({
    ...chain(Optimizers.adam()).scalars({ step: 1, learningRate: 3 })
  })
})

effect.effect("the service holds the transformation that its layer was given", () =>
  Effect.gen(function* () {
    const adamw = Optimizers.adamw()
    const { transformation } = yield* Service.Optimizer.pipe(Effect.provide(Service.layer(adamw)))
    expect(transformation).toBe(adamw)
  })
)
