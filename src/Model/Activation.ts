/** Activations by the names that Hugging Face configs give them. */
import { Result, Schema } from "effect"
import * as FusedKernel from "../Tensor/FusedKernel.ts"
import { type Tensor, tf } from "../Tensor/Tensor.ts"

export type Activation = (x: Tensor) => Tensor

/** A config asks for an activation that is not here. */
export class UnknownActivation extends Schema.TaggedError<UnknownActivation>()("UnknownActivation", {
  activation: Schema.String,
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    return `There is no activation "${this.activation}". Known are ${this.known.join(", ")}.`
  }
}

/**
 * Finds an activation by its name.
 *
 * **Errors**: `UnknownActivation`, also for those with parameters of their own (`prelu`, `xielu`).
 *
 * **Source**: `ACT2FN` of transformers; Hendrycks and Gimpel 2016 (GELU), https://arxiv.org/abs/1606.08415.
 *
 * @example
 * ```ts
 * import { tf } from "regimen"
 * import { Activation } from "regimen/nn"
 * import { Result } from "effect"
 * import assert from "node:assert/strict"
 * import "@tensorflow/tfjs-backend-cpu"
 *
 * const gelu = Result.getOrThrow(Activation.byName("gelu"))
 * assert.ok(Math.abs(gelu(tf.scalar(1)).dataSync()[0]! - 0.841345) < 1e-5)
 * assert.ok(Result.isFailure(Activation.byName("geluu")))
 * ```
 */
export const byName = (name: string): Result.Result<Activation, UnknownActivation> => {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  return found === undefined
    ? Result.fail(new UnknownActivation({ activation: name, known: Object.keys(table) }))
    : Result.succeed(found)
}

/** `x Phi(x)`, with the exact distribution function. */
export const gelu: Activation = (x) =>
  fused("Gelu", x) ??
  withSlope(x, (x) => {
    const below = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5)
    return {
      value: tf.mul(x, below),
      saved: [x, below],
      slope: ([x, below]) => {
        const density = tf.mul(tf.exp(tf.mul(tf.square(x!), -0.5)), 1 / Math.sqrt(2 * Math.PI))
        return tf.add(below!, tf.mul(x!, density))
      }
    }
  })

/** GELU with the hyperbolic tangent in the place of the error function. */
export const geluTanh: Activation = (x) =>
  fused("GeluTanh", x) ??
  withSlope(x, (x) => {
    const t = tf.tanh(tf.mul(tf.add(x, tf.mul(tf.mul(tf.square(x), x), cubic)), root))
    return {
      value: tf.mul(tf.mul(x, 0.5), tf.add(t, 1)),
      saved: [x, t],
      slope: ([x, t]) => {
        const inner = tf.mul(tf.add(tf.mul(tf.square(x!), 3 * cubic), 1), root)
        return tf.mul(tf.add(tf.add(t!, 1), tf.mul(tf.mul(x!, tf.sub(1, tf.square(t!))), inner)), 0.5)
      }
    }
  })

/** `x sigmoid(a x)`: SiLU with `a` 1. */
export const gated =
  (a: number): Activation =>
  (x) =>
    withSlope(x, (x) => {
      const gate = tf.sigmoid(a === 1 ? x : tf.mul(x, a))
      return {
        value: tf.mul(x, gate),
        saved: [x, gate],
        slope: ([x, gate]) => tf.mul(gate!, tf.add(tf.mul(tf.mul(x!, tf.sub(1, gate!)), a), 1))
      }
    })

const cubic = 0.044715
const root = Math.sqrt(2 / Math.PI)
const laplace = { mean: Math.SQRT1_2, stddev: 0.282095 }

const table: Readonly<Record<string, Activation>> = {
  gelu,
  gelu_python: gelu,
  gelu_10: (x) => tf.clipByValue(gelu(x), -10, 10),
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  quick_gelu: gated(1.702),
  silu: gated(1),
  swish: gated(1),
  relu: (x) => tf.relu(x),
  relu2: (x) => tf.square(tf.relu(x)),
  relu6: (x) => tf.relu6(x),
  leaky_relu: (x) => tf.leakyRelu(x, 0.01),
  mish: (x) => tf.mul(x, tf.tanh(tf.softplus(x))),
  laplace: (x) => tf.mul(tf.add(tf.erf(tf.div(tf.sub(x, laplace.mean), laplace.stddev * Math.SQRT2)), 1), 0.5),
  sigmoid: (x) => tf.sigmoid(x),
  tanh: (x) => tf.tanh(x),
  linear: (x) => tf.clone(x)
}

/** An activation as a kernel of the device, if it has it. */
const fused = (name: "Gelu" | "GeluTanh", x: Tensor): Tensor | undefined =>
  !FusedKernel.has(name, x)
    ? undefined
    : tf.customGrad((x, save) => {
        ;(save as (tensors: ReadonlyArray<Tensor>) => void)([x as Tensor])
        return {
          value: FusedKernel.run(name, { x: x as Tensor })[0],
          gradFunc: (dy: Tensor, saved: Array<Tensor>) => FusedKernel.run(`${name}Gradient`, { x: saved[0]!, dy })[0]
        }
      })(x)

interface Sloped {
  readonly value: Tensor
  readonly saved: ReadonlyArray<Tensor>
  readonly slope: (saved: ReadonlyArray<Tensor>) => Tensor
}

/** A function of each element with its slope in closed form: fewer values are kept for the way back. */
const withSlope = (x: Tensor, f: (x: Tensor) => Sloped): Tensor =>
  tf.customGrad((x, save) => {
    const { value, saved, slope } = f(x as Tensor)
    ;(save as (tensors: ReadonlyArray<Tensor>) => void)(saved)
    return { value, gradFunc: (dy: Tensor, kept: Array<Tensor>) => tf.mul(dy, slope(kept)) }
  })(x)
