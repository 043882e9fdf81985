/** Weight decay, and the parameters that decay. */
import { tf } from "../Tensor/Tensor.ts"
import * as Tree from "../Tensor/Tree.ts"
import { identity, stateless, type Transformation } from "./Transformation.ts"

/** Selects parameters by their path. */
export type Mask = (path: string) => boolean

export interface Decay {
  /** Per update and unit of learning rate. */
  readonly weightDecay?: number
  /** Selects the parameters that decay. Default: `matrices`. */
  readonly decays?: Mask
}

/**
 * Adds `decay` times the parameter: before Adam's rescaling that is L2 regularisation, after it the decoupled decay of AdamW.
 *
 * **Source**: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101; `weight_decay`.
 *
 * @example
 * ```ts
 * import { Transformation, WeightDecay } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * assert.equal(WeightDecay.add(0), Transformation.identity)
 * ```
 */
export const add = (decay: number, mask: Mask = matrices()): Transformation =>
  decay === 0
    ? identity
    : stateless("weight_decay", (gradients, parameters) =>
        Tree.map(gradients, (gradient, path) => (mask(path) ? tf.add(gradient, tf.mul(parameters[path]!, decay)) : gradient))
      )

/**
 * Decays after the step, as the last link of an optimizer: an update `u` becomes `u - lr decay (p + u)`.
 *
 * **Source**: the AdamW of galore-torch; others use `add`.
 *
 * @example
 * ```ts
 * import { WeightDecay } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(WeightDecay.afterStep(0.5).scalars({ step: 0, learningRate: 0.5 }), { rate: 0.25 })
 * ```
 */
export const afterStep = (decay: number, mask: Mask = matrices()): Transformation =>
  decay === 0
    ? identity
    : {
        name: "weight_decay",
        init: () => ({}),
        scalars: ({ learningRate }) => ({ rate: decay * learningRate }),
        update: ({ gradients, parameters, scalars }) => ({
          updates: Tree.map(gradients, (update, path) =>
            mask(path) ? tf.sub(update, tf.mul(tf.add(parameters[path]!, update), scalars.rate!)) : update
          ),
          slots: {}
        })
      }

/**
 * Selects what the Hugging Face Trainer decays: everything except biases and the weights of norms, recognised by their names.
 *
 * **Source**: `Trainer.get_decay_parameter_names`. It also leaves out PyTorch's `nn.LayerNorm` whatever its name. A path has no class, so
 * `isLayerNorm` recognises modules by name. Default: `ln`, `ln_1`, `ln_f` and so on.
 *
 * @example
 * ```ts
 * import { WeightDecay } from "regimen/optim"
 * import assert from "node:assert/strict"
 *
 * const decays = WeightDecay.matrices()
 * assert.deepEqual(["fc.weight", "fc.bias", "h.0.ln_1.weight", "encoder.layer_norm.weight"].map(decays), [true, false, false, false])
 * ```
 */
export const matrices =
  (isLayerNorm: (module: string) => boolean = (module) => /(?:^|\.)ln(?:_[^.]*)?$/.test(module)): Mask =>
  (path) =>
    !isLayerNorm(path.slice(0, Math.max(0, path.lastIndexOf(".")))) && !undecayed.test(path.toLowerCase())

const undecayed = /bias|layernorm|rmsnorm|(?:^|\.)norm(?:$|\.)|_norm(?:$|\.)/
