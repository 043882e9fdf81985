/** AdamW's update in one kernel a parameter, on devices that have it. */
import * as FusedKernel from "../Tensor/FusedKernel.ts"
import type { Tensor } from "../Tensor/Tensor.ts"
import type * as Adam from "./Adam.ts"
import type { Transformation } from "./Transformation.ts"
import * as WeightDecay from "./WeightDecay.ts"

/** Makes the fused form of the chain of `Adam.scaleByAdam`, `WeightDecay.add` and `Scale.byLearningRate`, under its names of slots and scalars. */
export const make =
  ({
    beta1 = 0.9,
    beta2 = 0.999,
    amsgrad = false,
    weightDecay = 0,
    decays = WeightDecay.matrices()
  }: Adam.Options & WeightDecay.Decay): NonNullable<Transformation["fused"]> =>
  ({ gradients, parameters, slots, scalars, factor }) => {
    const paths = Object.keys(gradients)
    const at = (path: string) => ({
      parameter: parameters[path]!,
      gradient: gradients[path]!,
      mean: slots[`adam.exp_avg.${path}`]!,
      square: slots[`adam.exp_avg_sq.${path}`]!
    })
    if (amsgrad || !FusedKernel.has("AdamW", ...paths.flatMap((path) => Object.values(at(path))))) return undefined
    const numbers = {
      factor,
      correction: scalars["adam.correction"]!,
      epsilon: scalars["adam.epsilon"]!,
      rate: scalars["learning_rate.negativeRate"]!
    }
    const moved: Record<string, Tensor> = {}
    const newSlots: Record<string, Tensor> = {}
    for (const path of paths) {
      const attributes = { beta1, beta2, decay: decays(path) ? weightDecay : 0 }
      const [parameter, mean, square] = FusedKernel.run("AdamW", { ...at(path), ...numbers }, attributes)
      moved[path] = parameter
      newSlots[`adam.exp_avg.${path}`] = mean
      newSlots[`adam.exp_avg_sq.${path}`] = square
    }
    return { parameters: moved, slots: newSlots }
  }
