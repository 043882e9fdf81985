/** The values of `optim`: the implemented optimizers, and the packages that the others need. */
import { choice, type Field, type MissingFeature } from "../Field.ts"

export const optims = [
  "adamw_torch_fused",
  "adamw_torch",
  "sgd",
  "adagrad",
  "rmsprop",
  "adafactor",
  "lion_32bit",
  "galore_adamw",
  "galore_adafactor"
] as const

export type Optim = (typeof optims)[number]

const bitsandbytes = "bitsandbytes, which is written for CUDA"
const torchao = "torchao, which is written for PyTorch"
const galore8 = "galore-torch with bitsandbytes, which are written for CUDA"
const layerwise = "updates within the backward pass, layer by layer"
const lomo = "lomo-optim, which is written for PyTorch"
const schedulefree = "schedulefree, which is written for PyTorch"
const apollo = "apollo-torch, which is written for PyTorch"

/** The packages that the optimizers which are not implemented need. */
const foreign = {
  adamw_hf: "the implementation that transformers has removed",
  adamw_torch_xla: "PyTorch/XLA",
  adamw_torch_npu_fused: "PyTorch on an Ascend NPU",
  adamw_apex_fused: "NVIDIA Apex",
  adamw_anyprecision: "torchdistx, which is written for PyTorch",
  adamw_torch_4bit: torchao,
  adamw_torch_8bit: torchao,
  ademamix: bitsandbytes,
  adamw_bnb_8bit: bitsandbytes,
  adamw_8bit: bitsandbytes,
  ademamix_8bit: bitsandbytes,
  lion_8bit: bitsandbytes,
  paged_adamw_32bit: bitsandbytes,
  paged_adamw_8bit: bitsandbytes,
  paged_ademamix_32bit: bitsandbytes,
  paged_ademamix_8bit: bitsandbytes,
  paged_lion_32bit: bitsandbytes,
  paged_lion_8bit: bitsandbytes,
  rmsprop_bnb: bitsandbytes,
  rmsprop_bnb_8bit: bitsandbytes,
  rmsprop_bnb_32bit: bitsandbytes,
  galore_adamw_8bit: galore8,
  galore_adamw_layerwise: layerwise,
  galore_adamw_8bit_layerwise: galore8,
  galore_adafactor_layerwise: layerwise,
  lomo,
  adalomo: lomo,
  grokadamw: "grokadamw, which is written for PyTorch",
  schedule_free_radam: schedulefree,
  schedule_free_adamw: schedulefree,
  schedule_free_sgd: schedulefree,
  apollo_adamw: apollo,
  apollo_adamw_layerwise: apollo,
  stable_adamw: "torch-optimi, which is written for PyTorch"
} as const

export type UnsupportedOptim = keyof typeof foreign

export const unsupportedOptims = Object.keys(foreign) as ReadonlyArray<UnsupportedOptim>

/** Tests whether the optimizer is implemented. */
export const isSupported = (name: string): name is Optim => (optims as ReadonlyArray<string>).includes(name)

export const missingFeatureOf = (name: Optim | UnsupportedOptim): MissingFeature | undefined =>
  isSupported(name) ? undefined : { missing: foreign[name], instead: `Use one of ${optims.join(", ")}.` }

export const field: Field<Optim | UnsupportedOptim> = {
  ...choice<Optim | UnsupportedOptim>("adamw_torch_fused", [...optims, ...unsupportedOptims]),
  missingFeature: missingFeatureOf
}
