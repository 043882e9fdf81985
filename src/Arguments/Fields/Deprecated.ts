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

const now = (name: string) => `Now ${name}`

export const fields = {
  per_gpu_train_batch_size: about(now("per_device_train_batch_size"), optional(integer(1, { minimum: 1 }))),
  per_gpu_eval_batch_size: about(now("per_device_eval_batch_size"), optional(integer(1, { minimum: 1 }))),
  no_cuda: about(now("use_cpu"), boolean(false)),
  use_mps_device: about("Chosen by itself where it is there", lacking(mps, boolean(false))),
  adafactor: about(now("optim adafactor"), boolean(false)),
  include_inputs_for_metrics: about(now("include_for_metrics inputs"), boolean(false)),
  tpu_metrics_debug: about(now("debug tpu_metrics_debug"), boolean(false)),
  fp16_backend: about(now("half_precision_backend"), choice("auto", ["auto", "apex", "cpu_amp", "cuda_amp", "amp"])),
  torchdynamo: about(now("torch_compile_backend"), optional(choice("eager", dynamos))),
  fsdp_min_num_params: about(now("in fsdp_config"), integer(0, { minimum: 0 })),
  fsdp_transformer_layer_cls_to_wrap: about(now("in fsdp_config"), optional(text(""))),
  push_to_hub_model_id: about(now("hub_model_id"), optional(text(""))),
  push_to_hub_organization: about(now("hub_model_id"), optional(text(""))),
  push_to_hub_token: about(now("hub_token"), optional(text("")))
}
