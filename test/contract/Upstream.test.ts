/**
 * What is wrong in TensorFlow.js, checked on TensorFlow.js as it is installed: no device is started here, so none of src/TensorFlowFixes is
 * installed. A test that fails means that TensorFlow.js has been repaired: delete the file that it names, its line in Install.ts, its row in
 * docs/devices.md and the test.
 */
import { readdirSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import * as tf from "@tensorflow/tfjs-core"
import { beforeAll, describe, expect, it } from "vitest"

type Backend = "cpu" | "wasm"

const folder = new URL("../../src/TensorFlowFixes/", import.meta.url)
const helpers = ["GradientHelpers", "Install", "Kernel", "CpuFallback"]
const files = (["gradients", "cpu", "wasm"] as const).flatMap((part) =>
  readdirSync(new URL(`${part}/`, folder))
    .map((file) => `${part}/${file.replace(".ts", "")}`)
    .filter((file) => !helpers.includes(file.split("/")[1]!))
)

const before = { gradient: tf.getGradient("Neg"), listeners: 0 }
const after = { listeners: 0 }

beforeAll(async () => {
  tf.enableProdMode()
  await import("@tensorflow/tfjs-backend-cpu")
  await import("@tensorflow/tfjs-backend-wasm")
  before.listeners = process.listenerCount("uncaughtException")
  await tf.setBackend("wasm")
  after.listeners = process.listenerCount("uncaughtException")
  createRequire(import.meta.url)("#gradients")
})

/** Rounded values of a computation on a stock backend; the message of what it throws. */
const on = async (backend: Backend, f: () => tf.Tensor | Array<tf.Tensor>): Promise<ReadonlyArray<number> | string> => {
  await tf.setBackend(backend)
  try {
    return tf.tidy(() => [f()].flat().flatMap((tensor) => [...tensor.dataSync()].map((x) => Math.round(x * 1e4) / 1e4)))
  } catch (cause) {
    return String(cause)
  }
}

/** `tf` types the rank of each tensor; here it is checked when a case runs. */
type Ranked = never

const gradient = (f: (x: Ranked) => tf.Tensor, x: tf.Tensor) => tf.grad((input: tf.Tensor) => tf.sum(f(input as Ranked)))(x)
const run = (kernel: string, inputs: Record<string, tf.Tensor>, attrs: object = {}) =>
  tf.engine().runKernel(kernel, inputs, attrs as tf.NamedAttrMap) as tf.Tensor
const range = (...shape: Array<number>) =>
  tf.reshape(
    tf.range(
      0,
      shape.reduce((a, b) => a * b, 1)
    ),
    shape
  )
const negative = (...shape: Array<number>) => tf.sub(range(...shape), 1000)

const bothBroadcast = () => tf.matMul(tf.tensor([1, 2], [2, 1, 1, 1]), tf.tensor([1, 10, 100], [1, 3, 1, 1]))

const droppedAxis = () => tf.stridedSlice(range(4, 5, 3), [0, 4, 1], [3, 5, 3], [2, 1, 1], 0, 0, 0, 0, 2)

interface Fault {
  /** The file of src/TensorFlowFixes that repairs it. */
  readonly fix: string
  readonly name: string
  readonly backend: Backend
  readonly f: () => tf.Tensor | Array<tf.Tensor>
  /** The right result; the cpu's where it is "cpu". */
  readonly right: ReadonlyArray<number> | "cpu"
}

const fault = (fix: string, name: string, right: Fault["right"], f: Fault["f"]): Fault => ({
  fix,
  name,
  backend: fix.startsWith("wasm/") ? "wasm" : "cpu",
  f,
  right
})

type T4 = tf.Tensor4D
const ints = (...values: Array<number>) => tf.tensor1d(values, "int32")

const faults: ReadonlyArray<Fault> = [
  fault("gradients/AveragePooling", "avgPool at a padded edge", [0.5, 0.5, 1], () =>
    gradient((x: T4) => tf.avgPool(x, [1, 2], [1, 2], "same"), tf.ones<tf.Rank.R4>([1, 1, 3, 1]))
  ),
  fault("gradients/AveragePooling", "avgPool3d at a padded edge", [0.5, 0.5, 1], () =>
    gradient((x: tf.Tensor5D) => tf.avgPool3d(x, [1, 1, 2], [1, 1, 2], "same"), tf.ones([1, 1, 1, 3, 1]))
  ),
  ...([tf.maximum, tf.minimum, tf.squaredDifference] as const).map((f, i) =>
    fault("gradients/BroadcastBinary", ["maximum", "minimum", "squaredDifference"][i]!, [[2, 0, 4][i]!], () =>
      gradient((x: tf.Tensor) => f(tf.tensor1d([1, 1]), x), tf.tensor1d([2]))
    )
  ),
  ...([tf.equal, tf.notEqual, tf.greater, tf.less, tf.lessEqual] as const).map((f, i) =>
    fault("gradients/Comparison", ["equal", "notEqual", "greater", "less", "lessEqual"][i]!, [0], () =>
      gradient((x: tf.Tensor) => tf.where(f(x, 0), tf.ones([1]), tf.zeros([1])), tf.ones([1]))
    )
  ),
  fault("gradients/Cumprod", "cumprod", [4, 2], () => gradient((x: tf.Tensor) => tf.cumprod(x), tf.tensor1d([2, 3]))),
  fault("gradients/Cumsum", "cumsum along the first axis", [5, 7, 9, 4, 5, 6], () =>
    gradient((x: tf.Tensor) => tf.mul(tf.cumsum(x, 0), tf.add(range(2, 3), 1)), tf.ones([2, 3]))
  ),
  fault("gradients/DilatedConvolution", "conv2d", [1, 1, 1, 1], () =>
    gradient(
      (w: T4) => tf.conv2d(tf.ones<tf.Rank.R4>([1, 3, 3, 1]) as T4, w, 1, "valid", "NHWC", 2),
      tf.ones<tf.Rank.R4>([2, 2, 1, 1])
    )
  ),
  fault("gradients/DilatedConvolution", "depthwiseConv2d", [1, 1, 1, 1], () =>
    gradient(
      (w: T4) => tf.depthwiseConv2d(tf.ones<tf.Rank.R4>([1, 3, 3, 1]) as T4, w, 1, "valid", "NHWC", 2),
      tf.ones<tf.Rank.R4>([2, 2, 1, 1])
    )
  ),
  fault("gradients/Einsum", "einsum", [2, 2, 2, 2], () =>
    gradient((x: tf.Tensor) => tf.einsum("ab,bc->ac", x, tf.ones([2, 2])), tf.ones([2, 2]))
  ),
  fault("gradients/Indexing", "gatherND", [0, 0, 1], () =>
    gradient((x: tf.Tensor) => tf.gatherND(x, tf.tensor2d([2], [1, 1], "int32")), tf.ones([3]))
  ),
  fault("gradients/Indexing", "scatterND", [1], () =>
    gradient((x: tf.Tensor) => tf.scatterND(tf.tensor2d([2], [1, 1], "int32"), x, [3]), tf.ones([1]))
  ),
  fault("gradients/Indexing", "tensorScatterUpdate", [1, 0, 1], () =>
    gradient((x: tf.Tensor) => tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], "int32"), tf.ones([1])), tf.ones([3]))
  ),
  fault("gradients/MatMul", "a broadcast batch", [2, 2], () =>
    gradient((x: tf.Tensor) => tf.matMul(tf.ones([2, 1, 2]), x), tf.ones([2, 1]))
  ),
  fault("gradients/MirrorPad", "mirrorPad", [1, 2, 1], () =>
    gradient((x: tf.Tensor) => tf.mirrorPad(x, [[1, 0]], "reflect"), tf.ones([3]))
  ),
  fault("gradients/StridedSlice", "stridedSlice", [1, 0, 1, 0], () =>
    gradient((x: tf.Tensor) => tf.stridedSlice(x, [0], [4], [2]), tf.ones([4]))
  ),
  fault("gradients/TopK", "topk", [0, 1, 0], () => gradient((x: tf.Tensor) => tf.topk(x, 1).values, tf.tensor1d([1, 3, 2]))),
  fault("gradients/Unpack", "unstack of one part", [1, 1], () => gradient((x: tf.Tensor) => tf.unstack(x)[0]!, tf.ones([1, 2]))),

  fault("cpu/MatMul", "broadcast on both sides", [1, 10, 100, 2, 20, 200], bothBroadcast),
  fault("cpu/ResizeBilinearGradient", "the shape of the gradient", [1, 2, 3, 1], () =>
    tf.tensor1d(
      run(
        "ResizeBilinearGrad",
        { images: tf.ones<tf.Rank.R4>([1, 2, 3, 1]), dy: tf.ones<tf.Rank.R4>([1, 4, 6, 1]) },
        { alignCorners: false }
      ).shape
    )
  ),
  fault("cpu/SegmentSum", "tensors allocated for a sum of 40 segments", [1], () => {
    const backend = tf.findBackend("cpu") as unknown as { makeTensorInfo: (...args: Array<unknown>) => unknown }
    const stock: (...args: Array<unknown>) => unknown = backend.makeTensorInfo
    let count = 0
    backend.makeTensorInfo = (...args: Array<unknown>) => {
      count++
      return stock.apply(backend, args)
    }
    try {
      tf.unsortedSegmentSum(tf.ones([2]), ints(0, 1) as tf.Tensor1D, 40)
    } finally {
      backend.makeTensorInfo = stock
    }
    return tf.scalar(count)
  }),
  fault("cpu/StridedSlice", "an axis that is dropped beside a stride", [13, 14, 43, 44], droppedAxis),
  fault("cpu/TensorScatterUpdate", "the input afterwards", [1, 2], () => {
    const x = tf.tensor1d([1, 2])
    tf.tensorScatterUpdate(x, tf.tensor2d([[0]], [1, 1], "int32"), tf.tensor1d([9]))
    return x
  }),

  fault("wasm/Cast", "int32 to bool", [1, 1, 0], () => tf.cast(ints(256, -2, 0), "bool")),
  fault("wasm/ConvolutionGradients", "the filter's gradient", [4], () =>
    gradient((w: T4) => tf.conv2d(tf.ones<tf.Rank.R4>([1, 2, 2, 1]), w, 1, "same"), tf.ones<tf.Rank.R4>([1, 1, 1, 1]))
  ),
  fault("wasm/DepthwiseGradients", "the filter's gradient", [4], () =>
    gradient((w: T4) => tf.depthwiseConv2d(tf.ones<tf.Rank.R4>([1, 2, 2, 1]), w, 1, "same"), tf.ones<tf.Rank.R4>([1, 1, 1, 1]))
  ),
  fault("wasm/DepthwiseGradients", "the input's gradient", [1, 1, 1, 1], () =>
    gradient((x: T4) => tf.depthwiseConv2d(x, tf.ones<tf.Rank.R4>([1, 1, 1, 1]), 1, "same"), tf.ones<tf.Rank.R4>([1, 2, 2, 1]))
  ),
  fault("wasm/MaximumMinimum", "maximum of NaN", [Number.NaN, Number.NaN], () =>
    tf.maximum(tf.tensor1d([Number.NaN, 1]), tf.tensor1d([0, Number.NaN]))
  ),
  fault("wasm/MaximumMinimum", "minimum of NaN", [Number.NaN, Number.NaN], () =>
    tf.minimum(tf.tensor1d([Number.NaN, 1]), tf.tensor1d([0, Number.NaN]))
  ),
  fault("wasm/MaximumMinimum", "clipByValue of NaN", [Number.NaN, 1], () => tf.clipByValue(tf.tensor1d([Number.NaN, 5]), -1, 1)),
  fault("wasm/MaximumMinimum", "relu6 of NaN", [Number.NaN, 6], () => tf.relu6(tf.tensor1d([Number.NaN, 7]))),
  fault("wasm/MaximumMinimum", "prelu with a slope of more dimensions", [-1, -2, -3, -4], () =>
    tf.prelu(tf.tensor1d([-1, -1]) as tf.Tensor, tf.tensor2d([1, 2, 3, 4], [2, 2]))
  ),
  fault("wasm/Fused", "matMul beyond 48 columns", [81], () =>
    tf.fused.matMul({ a: tf.ones([1, 80]), b: tf.ones([1, 80]), transposeB: true, bias: tf.ones([1]) })
  ),
  fault("wasm/Fused", "relu of NaN after a convolution", [Number.NaN], () =>
    tf.fused.conv2d({
      x: tf.fill<tf.Rank.R4>([1, 1, 1, 1], Number.NaN),
      filter: tf.ones<tf.Rank.R4>([1, 1, 1, 1]),
      strides: 1,
      pad: "valid",
      activation: "relu"
    })
  ),
  fault("wasm/MatMul", "broadcast on both sides", [1, 10, 100, 2, 20, 200], bothBroadcast),
  fault("wasm/MaxPoolGradient", "a negative window", [0, 1, 0, 0], () =>
    run(
      "MaxPoolGrad",
      {
        dy: tf.ones<tf.Rank.R4>([1, 1, 1, 1]),
        input: tf.tensor4d([-2, -1, -3, -4], [1, 2, 2, 1]),
        output: tf.tensor4d([-1], [1, 1, 1, 1])
      },
      { filterSize: 2, strides: 2, pad: "valid" }
    )
  ),
  fault("wasm/OneHot", "float32", [0, 1], () => tf.oneHot(ints(1), 2, 1, 0, "float32")),
  fault("wasm/ConvolutionPadding", "a stride beyond the filter", "cpu", () =>
    tf.conv2d(tf.ones<tf.Rank.R4>([1, 7, 8, 2]), tf.ones<tf.Rank.R4>([2, 1, 2, 3]), [1, 3], "same")
  ),
  fault("wasm/Float32Only", "isNaN of integers", [0, 0, 0], () => tf.isNaN(ints(3, -4, 0))),
  fault("wasm/Float32Only", "reciprocal of an integer", [1], () => tf.reciprocal(ints(1))),
  fault("wasm/SegmentSum", "unsortedSegmentSum", [1, 1], () => tf.unsortedSegmentSum(tf.ones([2]), ints(0, 1) as tf.Tensor1D, 2)),
  fault("wasm/Select", "where of float32 and int32", [1.5, 4], () =>
    tf.where(tf.tensor1d([1, 0], "bool"), tf.tensor1d([1.5, 2.5]), ints(3, 4))
  ),

  fault("wasm/CpuKernels", "Conv3DBackpropFilterV2", "cpu", () =>
    gradient((w: tf.Tensor5D) => tf.conv3d(range(1, 4, 5, 3, 2) as tf.Tensor5D, w, [1, 2, 1], "same"), tf.ones([2, 3, 2, 2, 3]))
  ),
  fault("wasm/CpuKernels", "Conv3DBackpropInputV2", "cpu", () =>
    gradient((x: tf.Tensor5D) => tf.conv3d(x, range(2, 2, 2, 2, 3) as tf.Tensor5D, 1, "same"), tf.ones([1, 3, 3, 3, 2]))
  ),
  fault("wasm/CpuKernels", "Dilation2D", "cpu", () =>
    tf.dilation2d(negative(1, 5, 5, 2) as T4, range(3, 3, 2) as tf.Tensor3D, 1, "same")
  ),
  fault("wasm/CpuKernels", "Dilation2DBackpropInput", "cpu", () =>
    gradient((x: T4) => tf.dilation2d(x, range(3, 3, 2) as tf.Tensor3D, 1, "same"), negative(1, 5, 5, 2))
  ),
  fault("wasm/CpuKernels", "Dilation2DBackpropFilter", "cpu", () =>
    gradient((w: tf.Tensor3D) => tf.dilation2d(negative(1, 5, 5, 2) as T4, w, 1, "same"), range(3, 3, 2))
  ),
  fault("wasm/CpuKernels", "FloorDiv", "cpu", () =>
    tf.floorDiv(tf.tensor1d([Number.NaN, 7, -7, 1e9]), tf.tensor1d([1, 0, 0, 1e-9]))
  ),
  fault("wasm/CpuKernels", "MaxPool3D", "cpu", () => tf.maxPool3d(negative(1, 2, 2, 2, 1) as tf.Tensor5D, 2, 2, "same")),
  fault("wasm/CpuKernels", "MaxPool3DGrad", "cpu", () =>
    gradient((x: tf.Tensor5D) => tf.maxPool3d(x, 2, 2, "same"), negative(1, 2, 2, 2, 1))
  ),
  fault("wasm/CpuKernels", "MaxPoolWithArgmax", "cpu", () =>
    Object.values(tf.maxPoolWithArgmax(negative(1, 2, 2, 1) as T4, 2, 2, "valid"))
  ),
  fault("wasm/CpuKernels", "RotateWithOffset", "cpu", () => tf.image.rotateWithOffset(range(1, 5, 4, 2) as T4, 0.7, 0.5, 0.5)),
  fault("wasm/CpuKernels", "StridedSlice", [13, 14, 43, 44], droppedAxis),
  fault("wasm/CpuKernels", "Transform", "cpu", () =>
    tf.image.transform(range(1, 5, 4, 2) as T4, tf.tensor2d([[0.7, 0.2, 0.3, -0.2, 0.9, 0.1, 0.01, 0.02]]), "bilinear", "reflect")
  )
]

describe("TensorFlow.js is still wrong", () => {
  it.each(faults)("$fix: $name", async ({ backend, f, right, fix }) => {
    const expected = right === "cpu" ? await on("cpu", f) : right
    expect(await on(backend, f), `TensorFlow.js has been repaired: delete src/TensorFlowFixes/${fix}.ts`).not.toEqual(expected)
  })
  it("gradients/StockGradients: the entry for Node registers no gradients", () => {
    expect(before.gradient).toBeUndefined()
    expect(tf.getGradient("Neg")).toBeDefined()
  })
  it("wasm/Listeners: the backend listens to the process's errors", () => {
    expect(after.listeners).toBeGreaterThan(before.listeners)
  })
  it("wasm/FailedMalloc: an allocation that fails is not an error", async () => {
    await tf.setBackend("wasm")
    const { wasm } = tf.backend() as unknown as { wasm: { _malloc: (bytes: number) => number; _free: (address: number) => void } }
    wasm._free(wasm._malloc(4)) // The first call replaces the function.
    const malloc = wasm._malloc
    wasm._malloc = () => 0
    try {
      expect(() => tf.tensor1d([1]).dispose()).not.toThrow()
    } finally {
      wasm._malloc = malloc
    }
  })
})

describe("src/TensorFlowFixes", () => {
  const cases = new Set([...faults.map(({ fix }) => fix), "gradients/StockGradients", "wasm/Listeners", "wasm/FailedMalloc"])
  const docs = readFileSync(new URL("../../docs/devices.md", import.meta.url), "utf8")
  it("has a case here for each file, and a file for each case", () => {
    expect([...cases].sort()).toEqual([...files].sort())
  })
  it.each(files)("%s documents its fault, the upstream issue and when to remove it", (file) => {
    const header = readFileSync(new URL(`${file}.ts`, folder), "utf8").split("*/")[0]!
    for (const field of ["**Fault**: ", "**Upstream**: ", `**Remove when**: `]) expect(header).toContain(field)
    expect(header.replaceAll("\n * ", " ")).toContain(`"${file}" of test/contract/Upstream.test.ts fails`)
    expect(docs).toContain(`\`${file}\``)
  })
})
