/** Arguments that are accepted, and rejected by `supported` until a feature that they require exists; and deprecated ones. */
import { Schema } from "effect"
import {
  about,
  boolean,
  choice,
  dictionary,
  type Field,
  integer,
  jsonDictionary,
  list,
  type MissingFeature,
  optional,
  requires,
  text
} from "../Field.ts"

const feature = (missing: string, instead = "Leave it out."): MissingFeature => ({ missing, instead })
const precision = feature("a device that computes in that precision; all devices compute in float32")
const compilation = feature("a device that compiles with that backend", "Leave it out: devices compile the step where they can.")
const recomputation = feature("a device that recomputes activations", "Leave it out, or lower per_device_train_batch_size.")
const liger = feature("the Liger kernels, which are written for CUDA")
const apex = feature("NVIDIA Apex, which is written for PyTorch on CUDA")
const mps = feature("Apple's mps device of PyTorch", 'Leave it out and choose a device, for example with "--device wasm".')
export const tpu = feature("a TPU device")
export const ipex = feature("Intel's extension for PyTorch")
const processes = feature("several processes; a run is one process")
const deepspeed = feature("DeepSpeed, which is written for PyTorch")
const fsdp = feature("weights in shards over several processes; a run is one process")
const sagemaker = feature("SageMaker's model parallelism")
const legacy = feature("the prediction loop that the Trainer had before version 4", "Leave it out: there is one evaluation loop.")
const search = feature("hyperparameter search with Ray", 'Leave it at "last".')
const hubUpload = feature(
  "uploads to the Hugging Face hub",
  "Leave it out, and upload the output folder with the hub's own tools."
)

/** Precision, compilation and activation memory. */
export const precisionAndCompilation = {
  bf16: about("Compute in bfloat16", requires(precision, boolean(false))),
  fp16: about("Compute in float16", requires(precision, boolean(false))),
  bf16_full_eval: about("Evaluate in bfloat16", requires(precision, boolean(false))),
  fp16_full_eval: about("Evaluate in float16", requires(precision, boolean(false))),
  tf32: about(
    "Multiply matrices in TF32",
    requires(precision, optional(boolean(false)), (value) => value === true)
  ),
  half_precision_backend: about(
    "Backend of half precision",
    requires(precision, choice("auto", ["auto", "apex", "cpu_amp", "cuda_amp", "amp"]))
  ),
  fp16_opt_level: about("Optimization level of Apex", requires(apex, choice("O1", ["O0", "O1", "O2", "O3"]))),
  torch_compile_backend: about(
    "Backend of torch_compile; setting it enables compilation",
    requires(compilation, optional(text("")))
  ),
  torch_compile_mode: about("Mode of torch_compile; setting it enables compilation", requires(compilation, optional(text("")))),
  torch_compile: about("Compile the model", requires(compilation, boolean(false))),
  gradient_checkpointing: about(
    "Recompute activations in the backward pass to save memory",
    requires(recomputation, boolean(false))
  ),
  gradient_checkpointing_kwargs: about("Options of gradient_checkpointing", requires(recomputation, optional(jsonDictionary))),
  use_liger_kernel: about("Use the Liger kernels", requires(liger, boolean(false))),
  liger_kernel_config: about("Options of use_liger_kernel", requires(liger, optional(jsonDictionary)))
}

export const shardings = ["full_shard", "shard_grad_op", "offload", "auto_wrap", "hybrid_shard", "hybrid_shard_zero2"] as const

type Settings = Readonly<Record<string, unknown>>

const sharding: Field<ReadonlyArray<(typeof shardings)[number]>, ReadonlyArray<string> | string | boolean | null> = {
  ...list(shardings),
  read: (given) =>
    given === null || given === false ? [] : given === true ? ["full_shard"] : list(shardings).read!(given as string)
}

const wrapping = { min_num_params: 0, xla: false, xla_fsdp_v2: false, xla_fsdp_grad_ckpt: false }

/** As in transformers, names may have the prefix `fsdp_`. */
const shardingConfig: Field<Settings, Settings | string | null> = {
  ...dictionary(wrapping),
  read: (given) => {
    const read = given === null ? {} : jsonDictionary.read!(given)
    if (typeof read !== "object" || read === null || Array.isArray(read)) return read
    const bare = Object.entries(read).map(([name, value]) => [name.replace(/^fsdp_/, ""), value])
    return { ...wrapping, ...Object.fromEntries(bare) }
  }
}

/** A dictionary, or the path of a JSON file with one. */
const configuration: Field<Settings | string, Settings | string> = {
  ...jsonDictionary,
  schema: Schema.Union([Schema.Record(Schema.String, Schema.Unknown), Schema.String]),
  default: {},
  expected: "an object of names and values, or the path of a file"
}

/** Distributed training: accepted unless a run would need several processes. */
export const distributed = {
  local_rank: about(
    "Rank of the process on its node; -1 for a single process",
    requires(processes, integer(-1, { minimum: -1 }), (rank) => rank > 0)
  ),
  ddp_backend: about(
    "Communication backend between processes",
    requires(processes, optional(choice("gloo", ["nccl", "mpi", "ccl", "gloo", "hccl", "cncl", "mccl"])))
  ),
  ddp_timeout: about(
    "Timeout of communication between processes, in seconds",
    requires(processes, integer(1800, { minimum: 1 }))
  ),
  ddp_find_unused_parameters: about(
    "Detect weights that the loss does not depend on",
    requires(processes, optional(boolean(false)))
  ),
  ddp_bucket_cap_mb: about("Size of a gradient bucket, in megabytes", requires(processes, optional(integer(1, { minimum: 1 })))),
  ddp_broadcast_buffers: about("Broadcast buffers from the main process", requires(processes, optional(boolean(false)))),
  fsdp: about("Fully sharded data parallelism: what is sharded", requires(fsdp, sharding)),
  fsdp_config: about("Options of fsdp", requires(fsdp, shardingConfig)),
  deepspeed: about("DeepSpeed configuration, or the path of its file", requires(deepspeed, optional(configuration))),
  parallelism_config: about("Sizes of the axes of parallelism, as in Accelerate", requires(processes, optional(jsonDictionary))),
  tpu_num_cores: about("Number of TPU cores", requires(tpu, optional(integer(1, { minimum: 1 })))),
  mp_parameters: about("Options of SageMaker's model parallelism", requires(sagemaker, text(""))),
  ray_scope: about("How Ray selects the best trial", requires(search, { ...optional(text("")), default: "last" })),
  use_legacy_prediction_loop: about("Use the former prediction loop", requires(legacy, boolean(false)))
}

/** Uploads to the Hugging Face hub. */
export const hub = {
  push_to_hub: about("Upload the model at each save", requires(hubUpload, boolean(false))),
  hub_model_id: about("Repository to upload to, as owner/name", requires(hubUpload, optional(text("")))),
  hub_strategy: about(
    "What is uploaded, and when",
    requires(hubUpload, choice("every_save", ["end", "every_save", "checkpoint", "all_checkpoints"]))
  ),
  hub_token: about("Access token; never written to a file", requires(hubUpload, optional(text("")))),
  hub_private_repo: about("Create the repository as private", requires(hubUpload, optional(boolean(false)))),
  hub_always_push: about("Upload even if the previous upload has not finished", requires(hubUpload, boolean(false))),
  hub_revision: about("Branch to upload to", requires(hubUpload, optional(text(""))))
}

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

/** Deprecated arguments; ../Deprecated.ts sets the arguments that replace them. */
export const deprecated = {
  per_gpu_train_batch_size: about(replacedBy("per_device_train_batch_size"), optional(integer(1, { minimum: 1 }))),
  per_gpu_eval_batch_size: about(replacedBy("per_device_eval_batch_size"), optional(integer(1, { minimum: 1 }))),
  no_cuda: about(replacedBy("use_cpu"), boolean(false)),
  use_mps_device: about("Replaced by automatic device selection", requires(mps, boolean(false))),
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
