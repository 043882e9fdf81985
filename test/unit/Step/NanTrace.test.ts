import "@tensorflow/tfjs-backend-cpu"
import { Result } from "effect"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { NonFiniteTensor } from "../../../src/Driver/Errors.ts"
import * as Loss from "../../../src/Model/Loss.ts"
import type { Model } from "../../../src/Model/Model.ts"
import * as Optimizers from "../../../src/Optimizer/Optimizers.ts"
import * as NanTrace from "../../../src/Step/NanTrace.ts"
import * as Step from "../../../src/Step/Step.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as KernelTrace from "../../../src/Tensor/KernelTrace.ts"
import * as Key from "../../../src/Tensor/Key.ts"
import { type Tensor, tf } from "../../../src/Tensor/Tensor.ts"
import * as Tree from "../../../src/Tensor/Tree.ts"
import * as Tiny from "../../support/tiny.ts"
import * as TestModels from "../../support/transformers.ts"

beforeAll(() => tf.setBackend("cpu"))
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0)
  expect(Object.hasOwn(tf.engine(), "runKernel")).toBe(false)
})

const optimizer = Optimizers.adamw()

/** A step's results on the host. */
const run = (model: Model, batch: HostTensor.HostTensors, traced: boolean) => {
  const plain = Step.make({ model, optimizer })
  const step = traced ? NanTrace.make({ model, optimizer }) : (input: Step.Input) => Result.succeed(plain(input))
  let result: Result.Result<HostTensor.HostTensors, NanTrace.Finding> | undefined
  tf.tidy(() => {
    const parameters = HostTensor.toDevice(model.init(Key.make(1)))
    const output = step({
      weights: { parameters, buffers: {}, slots: optimizer.init(parameters) },
      batches: [HostTensor.toDevice(batch)],
      keys: [Key.make(2)],
      scalars: Tree.map(optimizer.scalars({ step: 0, learningRate: 0.1 }), (value) => tf.scalar(value))
    })
    result = Result.map(output, ({ loss, weights }) => HostTensor.fromDevice({ ...weights.parameters, loss }))
  })
  return result!
}

const finding = (model: Model, batch: HostTensor.HostTensors) => Result.getOrThrow(Result.flip(run(model, batch, true)))

/** y = f(w x), and a weight that nothing is wrong with. */
const line = (f: (x: Tensor) => Tensor): Model => ({
  init: () => ({ w: HostTensor.scalar(1), other: HostTensor.scalar(2) }),
  apply: ({ other, w }, { x, y }) => {
    const logits = tf.add(f(tf.mul(w!, x!)), other!)
    return { outputs: { logits }, loss: Loss.meanSquaredError(logits, y!) }
  }
})
const batch = (x: ReadonlyArray<number>) => ({ x: HostTensor.fromArray(x), y: HostTensor.fromArray(x.map(() => 0)) })

it("names the kernel, what it was given, and which gradients and weights were lost by it", () => {
  const found = finding(line(tf.log), batch([4, 0, 1]))
  expect(found.kernel).toBe("Log")
  expect(found.frames.map(({ kernel, inputs }) => [kernel, inputs])).toEqual([
    ["Multiply", ["parameters.w", "batch.x"]],
    ["Log", []]
  ])
  expect(found.frames.map(({ absMin, absMax, shape }) => [absMin, absMax, shape])).toEqual([
    [0, 4, [3]],
    [0, Number.POSITIVE_INFINITY, [3]]
  ])
  expect(found.tensors).toEqual(
    expect.arrayContaining(["gradients.w", "gradients.other", "parameters.w", "slots.adam.exp_avg.w"])
  )
})

it("finds a NaN that only the backward computation has", () => {
  // 0 * the slope of a root at 0
  const found = finding(
    line((x) => tf.sqrt(tf.sub(x, x))),
    batch([1, 2])
  )
  expect(found.tensors).toContain("gradients.w")
  expect(found.tensors).not.toContain("gradients.other")
  expect(Number.isFinite(found.frames.at(-2)!.absMax)).toBe(true)
})

it("keeps the last frames", () => {
  const found = finding(
    line((x) => tf.log(Array.from({ length: 40 }).reduce<Tensor>((y) => tf.mul(y, 0.5), x))),
    batch([-1])
  )
  expect(found.frames).toHaveLength(KernelTrace.maxFrames)
  expect(found.frames.at(-1)).toMatchObject({ kernel: "Log", absMax: Number.NaN })
  expect(found.frames.slice(0, -1).every(({ kernel }) => kernel === "Multiply")).toBe(true)
})

it("names a batch's field or a weight that was so before any kernel ran", () => {
  const spoilt = { ...line(tf.abs), init: () => ({ w: HostTensor.scalar(Number.NaN), other: HostTensor.scalar(1) }) }
  expect(finding(line(tf.abs), batch([1, Number.NaN]))).toEqual({ frames: [], tensors: ["batch.x"] })
  expect(finding(spoilt, batch([1]))).toEqual({ frames: [], tensors: ["parameters.w"] })
})

it("is the step itself where nothing is found", () => {
  const rows = batch([1, 2, 3])
  expect(Result.getOrThrow(run(line(tf.tanh), rows, true))).toEqual(Result.getOrThrow(run(line(tf.tanh), rows, false)))
  const tiny = { x: HostTensor.fromArray([[1, 2, 3]]), labels: HostTensor.fromArray([1]) }
  expect(Result.getOrThrow(run(Tiny.model, tiny, true))).toEqual(Result.getOrThrow(run(Tiny.model, tiny, false)))
})

it("leaves the kernels as they were when the model throws", () => {
  const failing: Model = {
    ...line(tf.abs),
    apply: () => {
      throw new Error("a bug")
    }
  }
  expect(() => run(failing, batch([1]), true)).toThrow("a bug")
})

describe("masks and padding are no finding", () => {
  it.each(TestModels.names)("%s", (name) => {
    const model = TestModels.make(name)
    const ints = (values: HostTensor.Nested) => HostTensor.fromArray(values, "int32")
    const classes = model.architecture.endsWith("SequenceClassification")
    const labels = classes
      ? ints([2, 0])
      : ints([
          [1, 2, 0, -100],
          [0, 2, -100, -100]
        ])
    const ends = model.labels!.length === 2 ? { start_positions: ints([0, 1]), end_positions: ints([3, 2]) } : { labels }
    const rows = {
      input_ids: ints([
        [2, 5, 9, 4],
        [7, 3, 0, 0]
      ]),
      attention_mask: ints([
        [1, 1, 1, 1],
        [1, 1, 0, 0]
      ])
    }
    expect(Result.isSuccess(run(model, { ...rows, ...ends }, true))).toBe(true)
  })
})

it("reports the kernels as an aligned table, oldest first", () => {
  const found = finding(line(tf.log), batch([4, 0, 1]))
  const lines = new NonFiniteTensor({ step: 3, ...found }).message.split("\n")
  expect(lines[0]).toMatch(/^The kernel Log gave NaN or infinity in step 3\. .*oldest first:$/)
  expect(lines.slice(1, 4)).toEqual([
    "abs min  abs max   kernel    shape  inputs",
    "0.00e+0  4.00e+0   Multiply  [3]    parameters.w, batch.x",
    "0.00e+0  Infinity  Log       [3]"
  ])
  expect(lines[4]).toMatch(/^NaN or infinite after it: gradients\.w, /)
  expect(new NonFiniteTensor({ step: 3, frames: [], tensors: ["batch.x"] }).message).toMatch(
    /^NaN or infinite before step 3: batch\.x\. Look for/
  )
})
