/** The optimizers by the names they are known by: each a chain, ready for a learning rate. */
import * as Adam from "./Adam.ts"
import * as Momentum from "./Momentum.ts"
import * as Scale from "./Scale.ts"
import { chain, identity, type Transformation } from "./Transformation.ts"
import * as WeightDecay from "./WeightDecay.ts"

export interface Decay {
  /** Per update and unit of learning rate. */
  readonly weightDecay?: number
  /** Which parameters decay; without it those of `WeightDecay.matrices`. */
  readonly decays?: WeightDecay.Mask
}

/**
 * Makes AdamW: Adam with decoupled weight decay.
 *
 * **Source**: Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101; `optim="adamw_torch"`. Equal to PyTorch's to 2e-6 (test/golden/optimizers.test.ts).
 *
 * @example
 * ```ts
 * import { Optimizer } from "regimen"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Optimizer.adamw().links?.map((link) => link.name), ["adam", "weight_decay", "learning_rate"])
 * ```
 */
export const adamw = ({ weightDecay = 0.01, decays, ...options }: Adam.Options & Decay = {}): Transformation =>
  chain(Adam.scaleByAdam(options), WeightDecay.add(weightDecay, decays), Scale.byLearningRate)

/** Makes Adam; its weight decay is added to the gradients. **Source**: Kingma and Ba 2015, https://arxiv.org/abs/1412.6980. */
export const adam = ({ weightDecay = 0, decays, ...options }: Adam.Options & Decay = {}): Transformation =>
  chain(WeightDecay.add(weightDecay, decays), Adam.scaleByAdam(options), Scale.byLearningRate)

/** Makes stochastic gradient descent, with momentum when it is not 0; weight decay is added to the gradients. **Source**: PyTorch's SGD; `optim="sgd"`. */
export const sgd = ({
  weightDecay = 0,
  decays,
  momentum = 0,
  ...options
}: Partial<Momentum.Options> & Decay = {}): Transformation =>
  chain(
    WeightDecay.add(weightDecay, decays),
    momentum === 0 ? identity : Momentum.trace({ momentum, ...options }),
    Scale.byLearningRate
  )
