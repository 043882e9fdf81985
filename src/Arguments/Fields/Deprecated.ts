/** Arguments that transformers has deprecated; ../Deprecated.ts sets the arguments that replace them. */
import { about, boolean, choice, integer, lacking, optional, text } from "../Field.ts"
import { mps } from "./Lacks.ts"

export const dynamos = [
  "eager",
  "aot_eager",
  "inductor",
  "nvfuser",
  "aot_nvfuser",
  "aot_cudagraphs",
  "ofi",
  "fx2trt",
  "onnxrt",
  "ipex"
] as const

const replacedBy = (name: string) => `Replaced by ${name}`

export const fields = {
  per_gpu_train_batch_size: about(replacedBy("per_device_train_batch_size"), optional(integer(1, { minimum: 1 }))),
  per_gpu_eval_batch_size: about(replacedBy("per_device_eval_batch_size"), optional(integer(1, { minimum: 1 }))),
  no_cuda: about(replacedBy("use_cpu"), boolean(false)),
  use_mps_device: about("Replaced by automatic device selection", lacking(mps, boolean(false))),
  adafactor: about(replacedBy("optim=adafactor"), boolean(false)),
  include_inputs_for_metrics: about(replacedBy("include_for_metrics=inputs"), boolean(false)),
  tpu_metrics_debug: about(replacedBy("debug=tpu_metrics_debug"), boolean(false)),
  fp16_backend: about(replacedBy("half_precision_backend"), choice("auto", ["auto", "apex", "cpu_amp", "cuda_amp", "amp"])),
  torchdynamo: about(replacedBy("torch_compile_backend"), optional(choice("eager", dynamos))),
  fsdp_min_num_params: about(replacedBy("fsdp_config"), integer(0, { minimum: 0 })),
  fsdp_transformer_layer_cls_to_wrap: about(replacedBy("fsdp_config"), optional(text(""))),
  push_to_hub_model_id: about(replacedBy("hub_model_id"), optional(text(""))),
  push_to_hub_organization: about(replacedBy("hub_model_id"), optional(text(""))),
  push_to_hub_token: about(replacedBy("hub_token"), optional(text("")))
}
