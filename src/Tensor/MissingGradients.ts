/** Gradients that TensorFlow.js has on no backend, or that fail for a broadcast or a dilation. */
import { einsum, parse } from "./Einsum.ts"
import { sizeOf } from "./HostTensor.ts"
import { type Tensor, tf } from "./Tensor.ts"

type GradFunc = tf.GradConfig["gradFunc"]
type Gradients = ReturnType<GradFunc>
type Shape = ReadonlyArray<number>

/** Registers them; call it after TensorFlow.js's own. */
export const registerMissing = (): void => {
  for (const kernelName of ["Equal", "NotEqual", "Greater", "GreaterEqual", "Less", "LessEqual"]) {
    tf.registerGradient({ kernelName, inputsToSave: ["a", "b"], gradFunc: comparison })
  }
  for (const kernelName of ["Maximum", "Minimum", "SquaredDifference"]) amend(kernelName, summed)
  amend("Cumsum", () => cumsum)
  amend("Unpack", unpack)
  amend("BatchMatMul", matMul)
  for (const kernelName of ["Conv2D", "DepthwiseConv2dNative"]) amend(kernelName, dilated)
  tf.registerGradient({ kernelName: "Einsum", saveAllInputs: true, gradFunc: einsumGradient })
}

/** Puts a gradient in the place of TensorFlow.js's, which it is given. */
const amend = (kernelName: string, make: (stock: GradFunc) => GradFunc): void => {
  const stock = tf.getGradient(kernelName)
  tf.unregisterGradient(kernelName)
  tf.registerGradient({ ...stock, gradFunc: make(stock.gradFunc) })
}

/** A comparison is flat wherever it has a slope at all; without this `tf.where(tf.greater(x, 0), ...)` throws. */
const comparison: GradFunc = (_, saved) => {
  const [a, b] = pair(saved)
  return { a: () => tf.zeros(a.shape), b: () => tf.zeros(b.shape) }
}

/** The stock one swaps axes when the sum is not along the last one. */
const cumsum: GradFunc = (dy, _, attrs) => {
  const { axis, exclusive, reverse } = attrs as unknown as tf.CumsumAttrs
  return { x: () => tf.cumsum(dy as Tensor, axis, exclusive, !reverse) }
}

/** The stock one fails when there is only one part. */
const unpack =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) =>
    stock([dy].flat() as Array<Tensor>, saved, attrs)

/** Sums what an input was broadcast to. */
const summed =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) => {
    const [a, b] = pair(saved)
    const gradients = stock(dy, saved, attrs)
    return { a: () => sumTo(gradients.a!(), a.shape), b: () => sumTo(gradients.b!(), b.shape) }
  }

/** A matrix that was applied to a whole batch gets its gradient from one product, as if the batch were rows. */
const matMul =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) => {
    const [a, b] = pair(saved)
    const gradients = summed(stock)(dy, saved, attrs)
    if (attrs.transposeA === true || sizeOf(b.shape.slice(0, -2)) > 1 || sizeOf(a.shape.slice(0, -2)) === 1) return gradients
    const rows = (x: Tensor) => tf.reshape(x, [-1, x.shape.at(-1)!])
    const [x, dz] = [rows(a), rows(dy as Tensor)]
    return {
      a: gradients.a!,
      b: () => tf.reshape(attrs.transposeB === true ? tf.matMul(dz, x, true) : tf.matMul(x, dz, true), b.shape)
    }
  }

/** A dilated filter is a larger filter with zeros between its rows and columns. */
const dilated =
  (stock: GradFunc): GradFunc =>
  (dy, saved, attrs) => {
    const [x, filter] = pair(saved)
    const dilations = attrs.dilations as number | ReadonlyArray<number> | null | undefined // tfjs-layers gives null for none
    const [vertical = 1, horizontal = vertical] = [dilations ?? 1].flat()
    if (vertical === 1 && horizontal === 1) return stock(dy, saved, attrs)
    const spread = spreadOut(spreadOut(filter, 0, vertical), 1, horizontal)
    const gradients: Gradients = stock(dy, [x, spread], { ...attrs, dilations: [1, 1] })
    return {
      x: gradients.x!,
      filter: () => everyNth(everyNth(gradients.filter!(), 0, vertical, filter.shape[0]!), 1, horizontal, filter.shape[1]!)
    }
  }

/** Puts `step - 1` zeros between the elements of an axis. */
const spreadOut = (x: Tensor, axis: number, step: number): Tensor => {
  const length = x.shape[axis]!
  const zero = tf.zeros(x.shape.map((n, i) => (i === axis ? 1 : n)))
  const places = Array.from({ length: (length - 1) * step + 1 }, (_, i) => (i % step === 0 ? i / step : length))
  return tf.gather(tf.concat([x, zero], axis), tf.tensor1d(places, "int32"), axis)
}

const everyNth = (x: Tensor, axis: number, step: number, length: number): Tensor =>
  tf.gather(
    x,
    tf.tensor1d(
      Array.from({ length }, (_, i) => i * step),
      "int32"
    ),
    axis
  )

/** The gradient of an operand is the product of the others and `dy`; along a label that only it has, it is repeated. */
const einsumGradient: GradFunc = (dy, saved, attrs) => {
  const { inputs, output } = parse(attrs.equation as string)
  const gradient = (i: number) => (): Tensor => {
    const { shape } = saved[i]!
    const own = inputs[i]!
    const other = inputs[1 - i]
    const known = own.filter((label) => output.includes(label) || other?.includes(label))
    const partial =
      other === undefined
        ? einsum(`${output.join("")}->${known.join("")}`, dy as Tensor)
        : einsum(`${output.join("")},${other.join("")}->${known.join("")}`, dy as Tensor, saved[1 - i]!)
    const lengths = own.map((label, axis) => (known.includes(label) ? shape[axis]! : 1))
    return tf.broadcastTo(tf.reshape(partial, lengths), shape as [number])
  }
  return Object.fromEntries(inputs.map((_, i) => [i, gradient(i)]))
}

const sumTo = (x: Tensor, shape: Shape): Tensor => {
  const axes = tf.broadcast_util.getReductionAxes([...shape], x.shape)
  return tf.reshape(axes.length === 0 ? x : tf.sum(x, axes), [...shape])
}

const pair = (saved: ReadonlyArray<Tensor>): readonly [Tensor, Tensor] => [saved[0]!, saved[1]!]
