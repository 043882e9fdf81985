/** Optimizers by their common names: each is a chain of transformations that ends with the learning rate. */
import { defined } from "../Defined.ts"
import * as Adafactor from "./Adafactor.ts"
import * as Adagrad from "./Adagrad.ts"
import * as Adam from "./Adam.ts"
import * as Clip from "./Clip.ts"
import * as FusedAdamW from "./FusedAdamW.ts"
import * as GaLore from "./GaLore.ts"
import * as Lion from "./Lion.ts"
import * as Momentum from "./Momentum.ts"
import * as RmsProp from "./RmsProp.ts"
import * as Scale from "./Scale.ts"
import { chain, identity, mapContext, type Transformation } from "./Transformation.ts"
import * as WeightDecay from "./WeightDecay.ts"

export type { Decay } from "./WeightDecay.ts"

type Decay = WeightDecay.Decay

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
export const adamw = ({ weightDecay = 0.01, decays, ...options }: Adam.Options & Decay = {}): Transformation => ({
  ...chain(Adam.scaleByAdam(options), WeightDecay.add(weightDecay, decays), Scale.byLearningRate),
  fused: FusedAdamW.make({ weightDecay, ...(decays === undefined ? {} : { decays }), ...options })
})

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

/**
 * Makes Adagrad; weight decay is added to the gradients. `learningRateDecay` divides the learning rate by `1 + step * learningRateDecay`.
 *
 * **Source**: Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html; PyTorch's Adagrad; `optim="adagrad"`.
 */
export const adagrad = ({
  weightDecay = 0,
  decays,
  learningRateDecay = 0,
  ...options
}: Adagrad.Options & Decay & { readonly learningRateDecay?: number } = {}): Transformation =>
  chain(
    WeightDecay.add(weightDecay, decays),
    Adagrad.scaleByRootSumSquares(options),
    mapContext(Scale.byLearningRate, ({ step, learningRate }) => ({
      step,
      learningRate: learningRate / (1 + step * learningRateDecay)
    }))
  )

/**
 * Makes RMSprop, with momentum when it is not 0; weight decay is added to the gradients.
 *
 * **Source**: Tieleman and Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf; PyTorch's RMSprop; `optim="rmsprop"`.
 */
export const rmsprop = ({
  weightDecay = 0,
  decays,
  momentum = 0,
  ...options
}: RmsProp.Options & Decay & { readonly momentum?: number } = {}): Transformation =>
  chain(
    WeightDecay.add(weightDecay, decays),
    RmsProp.scaleByRms(options),
    momentum === 0 ? identity : Momentum.trace({ momentum }),
    Scale.byLearningRate
  )

/** Makes Lion, with decoupled weight decay. **Source**: Chen et al. 2023, https://arxiv.org/abs/2302.06675; `optim="lion_32bit"`. */
export const lion = ({ weightDecay = 0, decays, ...options }: Lion.Options & Decay = {}): Transformation =>
  chain(Lion.scaleByLion(options), WeightDecay.add(weightDecay, decays), Scale.byLearningRate)

/**
 * Makes GaLore's AdamW: Adam on projected gradients. Weight decay comes after the step, epsilon before the bias correction.
 *
 * **Source**: Zhao et al. 2024, https://arxiv.org/abs/2403.03507; galore-torch; `optim="galore_adamw"`, which ignores `weight_decay`.
 *
 * @example
 * ```ts
 * import { Optimizer } from "regimen"
 * import assert from "node:assert/strict"
 *
 * const galore = Optimizer.galoreAdamw({ where: (path) => /\.(query|value)\.weight$/.test(path), rank: 4 })
 * assert.deepEqual(galore.links?.map((link) => link.name), ["galore", "learning_rate"])
 * ```
 */
export const galoreAdamw = ({
  weightDecay = 0,
  decays,
  ...options
}: GaLore.Options & Omit<Adam.Options, "epsilonHat"> & Decay): Transformation =>
  chain(
    GaLore.project(Adam.scaleByAdam({ epsilon: 1e-6, ...options, epsilonHat: true }), options),
    Scale.byLearningRate,
    WeightDecay.afterStep(weightDecay, decays)
  )

/** Makes GaLore's Adafactor, at the run's learning rate; weight decay is part of the step. **Source**: as of `galoreAdamw`; `optim="galore_adafactor"`. */
export const galoreAdafactor = (options: GaLore.Options & Decay): Transformation =>
  chain(
    GaLore.project(chain(Adafactor.scaleByFactoredRms(), Clip.byRms(1)), options),
    Adafactor.step({ ...options, relativeStep: false, scaleParameter: false })
  )

/**
 * Makes Adafactor. By default it computes its own learning rate (the paper's setting); with `relativeStep` and `scaleParameter` false it uses the run's,
 * as `optim="adafactor"` does. No update's root mean square is above `clipThreshold`.
 *
 * **Source**: Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235; transformers' Adafactor.
 *
 * @example
 * ```ts
 * import { Optimizer } from "regimen"
 * import assert from "node:assert/strict"
 *
 * assert.deepEqual(Optimizer.adafactor().links?.map((link) => link.name), ["adafactor", "clip_rms", "adafactor_step"])
 * ```
 */
export const adafactor = ({
  epsilon,
  decayRate,
  clipThreshold = 1,
  ...size
}: Adafactor.Moments & Adafactor.Size & { readonly clipThreshold?: number } = {}): Transformation =>
  chain(
    Adafactor.scaleByFactoredRms({
      ...defined({ epsilon, decayRate })
    }),
    Clip.byRms(clipThreshold),
    Adafactor.step(size)
  )
