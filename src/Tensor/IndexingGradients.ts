/**
 * Gradients of operations that pick elements, which TensorFlow.js has on no backend (or wrong: it cuts off what a mirror repeated). What was picked
 * gets its share back, as often as it was picked; all else gets zero.
 */
import { sizeOf } from "./HostTensor.ts"
import { type Tensor, tf } from "./Tensor.ts"

type GradFunc = tf.GradConfig["gradFunc"]

/** Registers them. */
export const registerIndexing = (): void => {
  tf.registerGradient({ kernelName: "TopK", inputsToSave: ["x"], outputsToSave: [false, true], gradFunc: topK })
  tf.registerGradient({ kernelName: "StridedSlice", inputsToSave: ["x"], gradFunc: stridedSlice })
  tf.unregisterGradient("MirrorPad")
  tf.registerGradient({ kernelName: "MirrorPad", inputsToSave: ["x"], gradFunc: mirrorPad })
  tf.registerGradient({ kernelName: "GatherNd", inputsToSave: ["params", "indices"], gradFunc: gatherNd })
  tf.registerGradient({ kernelName: "ScatterNd", inputsToSave: ["indices"], gradFunc: scatterNd })
  tf.registerGradient({ kernelName: "TensorScatterUpdate", inputsToSave: ["indices"], gradFunc: tensorScatterUpdate })
  tf.registerGradient({ kernelName: "Cumprod", inputsToSave: ["x"], gradFunc: cumprod })
}

/** Each value goes back to the place that its index names; the indices themselves are flat. */
const topK: GradFunc = (dy, saved) => {
  const [x, indices] = saved as [Tensor, Tensor]
  const [dValues] = dy as [Tensor, Tensor]
  return {
    x: () => {
      const length = x.shape.at(-1)!
      const rows = sizeOf(x.shape.slice(0, -1))
      const first = tf.reshape(tf.mul(tf.range(0, rows, 1, "int32"), tf.scalar(length, "int32")), [rows, 1])
      return sumAt(dValues, tf.add(tf.reshape(indices, [rows, -1]), first), x.shape)
    }
  }
}

/** The same slice of the places says where each element came from, whatever the masks. */
const stridedSlice: GradFunc = (dy, saved, attrs) => {
  const { shape } = saved[0]!
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } =
    attrs as unknown as tf.StridedSliceAttrs
  return {
    x: () => {
      const places = placesOf(shape)
      const taken = tf.stridedSlice(places, begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask)
      return sumAt(dy as Tensor, taken, shape)
    }
  }
}

const mirrorPad: GradFunc = (dy, saved, attrs) => {
  const { shape } = saved[0]!
  const { paddings, mode } = attrs as unknown as tf.MirrorPadAttrs
  return { x: () => sumAt(dy as Tensor, tf.mirrorPad(placesOf(shape), paddings, mode), shape) }
}

const gatherNd: GradFunc = (dy, saved) => {
  const [params, indices] = saved as [Tensor, Tensor]
  return {
    params: () => tf.scatterND(indices, dy as Tensor, params.shape as [number]),
    indices: () => tf.zerosLike(indices)
  }
}

const scatterNd: GradFunc = (dy, saved) => {
  const [indices] = saved as [Tensor]
  return { updates: () => tf.gatherND(dy as Tensor, indices), indices: () => tf.zerosLike(indices) }
}

/** Of updates to one place, all get its gradient. */
const tensorScatterUpdate: GradFunc = (dy, saved) => {
  const [indices] = saved as [Tensor]
  const updates = () => tf.gatherND(dy as Tensor, indices)
  return {
    tensor: () => tf.tensorScatterUpdate(dy as Tensor, indices, tf.zerosLike(updates())),
    indices: () => tf.zerosLike(indices),
    updates
  }
}

/**
 * Without a division, so that a zero is no trouble: the product of all before an element, times what follows it, which is a recurrence from
 * the end: `s(i) = dy(i) + x(i + 1) s(i + 1)`, or `dy(i + 1) + ...` where the product leaves its own element out.
 */
const cumprod: GradFunc = (dy, saved, attrs) => {
  const { axis, exclusive, reverse } = attrs as unknown as tf.CumprodAttrs
  const turned = (t: Tensor) => (reverse ? tf.reverse(t, axis) : t)
  return {
    x: () => {
      const x = turned(saved[0]!)
      const xs = tf.unstack(x, axis)
      const dys = tf.unstack(turned(dy as Tensor), axis)
      const after: Array<Tensor> = []
      for (let i = xs.length - 1; i >= 0; i--) {
        const next = after[0] === undefined ? undefined : tf.mul(xs[i + 1]!, after[0])
        const own = dys[exclusive ? i + 1 : i] ?? tf.zerosLike(xs[i]!)
        after.unshift(next === undefined ? own : tf.add(own, next))
      }
      return turned(tf.mul(tf.cumprod(x, axis, true), tf.stack(after, axis)))
    }
  }
}

/** Where each element is in the flat tensor. */
const placesOf = (shape: ReadonlyArray<number>): Tensor => tf.reshape(tf.range(0, sizeOf(shape), 1, "int32"), [...shape])

/** Adds elements to zeros, each at its place in the flat tensor. */
const sumAt = (elements: Tensor, places: Tensor, shape: ReadonlyArray<number>): Tensor => {
  const ids = tf.reshape(places, [-1]) as tf.Tensor1D
  return tf.reshape(tf.unsortedSegmentSum(tf.reshape(elements, [-1]), ids, sizeOf(shape)), [...shape])
}
