/** Arguments that are accepted, validated, and rejected by name before a run starts; and those without effect, with the reason. */
import { Result } from "effect"
import { describe, expect, it } from "vitest"
import * as Arguments from "../../../src/Arguments/Arguments.ts"
import * as Compile from "../../../src/Arguments/Compile.ts"
import type { Field } from "../../../src/Arguments/Field.ts"
import { integrations, supportedTrackers } from "../../../src/Arguments/Fields/Logging.ts"
import { dynamos, shardings } from "../../../src/Arguments/Fields/NotSupported.ts"
import { optims, unsupportedOptims } from "../../../src/Arguments/Fields/Optim.ts"
import { seq2seq } from "../../../src/Arguments/Fields.ts"
import * as Seq2Seq from "../../../src/Arguments/Seq2SeqArguments.ts"

type Values = ReadonlyArray<unknown>

const table: Readonly<Record<string, Field<unknown>>> = seq2seq

/** For each argument, its rejected values, or some of many; the message names what is not supported. */
const refused: Readonly<Record<string, readonly [values: Values, missing: RegExp]>> = {
  optim: [unsupportedOptims, /bitsandbytes|PyTorch|Apex|torchao|transformers|backward|CUDA/],
  accelerator_config: [
    [{ use_seedable_sampler: false }, { gradient_accumulation_kwargs: { num_steps: 2 } }, '{"use_seedable_sampler": false}'],
    /Accelerate/
  ],
  past_index: [[2], /past hidden states/],
  report_to: [
    [...integrations.filter((name) => !supportedTrackers.includes(name)).flatMap((name) => [name, [name]]), ["none", "wandb"]],
    /tracker|integration/
  ],
  project: [["p"], /tracker/],
  trackio_space_id: [["s", null], /tracker/],
  debug: [[["tpu_metrics_debug"], "underflow_overflow tpu_metrics_debug"], /TPU/],
  save_safetensors: [[false], /pickles/],
  bf16: [[true], /float32/],
  fp16: [[true], /float32/],
  bf16_full_eval: [[true], /float32/],
  fp16_full_eval: [[true], /float32/],
  tf32: [[true], /float32/],
  half_precision_backend: [["apex", "cpu_amp"], /float32/],
  fp16_opt_level: [["O0", "O2", "O3"], /Apex/],
  torch_compile: [[true], /compiles/],
  torch_compile_backend: [["inductor"], /compiles/],
  torch_compile_mode: [["max-autotune"], /compiles/],
  gradient_checkpointing: [[true], /recomputes/],
  gradient_checkpointing_kwargs: [[{ use_reentrant: false }], /recomputes/],
  use_liger_kernel: [[true], /Liger/],
  liger_kernel_config: [[{ rope: true }], /Liger/],
  local_rank: [[1], /one process/],
  ddp_backend: [["nccl", "mpi", "ccl", "gloo", "hccl"], /one process/],
  ddp_timeout: [[60], /one process/],
  ddp_find_unused_parameters: [[true, false], /one process/],
  ddp_bucket_cap_mb: [[25], /one process/],
  ddp_broadcast_buffers: [[true, false], /one process/],
  fsdp: [[true, ...shardings, shardings, "full_shard auto_wrap"], /shards/],
  fsdp_config: [
    [
      { min_num_params: 1 },
      { transformer_layer_cls_to_wrap: ["Block"] },
      { backward_prefetch: "backward_pre" },
      { forward_prefetch: true },
      { limit_all_gathers: true },
      { use_orig_params: true },
      { sync_module_states: true },
      { cpu_ram_efficient_loading: true },
      { activation_checkpointing: true },
      { xla: true },
      { xla_fsdp_settings: {} },
      { xla_fsdp_grad_ckpt: true },
      '{"fsdp_min_num_params": 1}'
    ],
    /shards/
  ],
  deepspeed: [[{ zero_optimization: { stage: 2 } }, "ds_config.json"], /DeepSpeed/],
  parallelism_config: [[{ tp_size: 2 }], /one process/],
  tpu_num_cores: [[8], /TPU/],
  mp_parameters: [["a"], /SageMaker/],
  ray_scope: [["all", null], /search/],
  use_legacy_prediction_loop: [[true], /loop/],
  push_to_hub: [[true], /hub/],
  hub_model_id: [["m"], /hub/],
  hub_strategy: [["end", "checkpoint", "all_checkpoints"], /hub/],
  hub_token: [["t"], /hub/],
  hub_private_repo: [[true, false], /hub/],
  hub_always_push: [[true], /hub/],
  hub_revision: [["main"], /hub/],
  use_mps_device: [[true], /mps/]
}

/** Deprecated arguments that are refused as what they are called now. */
const through: Readonly<Record<string, readonly [values: Values, now: ReadonlyArray<string>]>> = {
  tpu_metrics_debug: [[true], ["debug"]],
  fp16_backend: [["amp", "apex"], ["half_precision_backend"]],
  torchdynamo: [dynamos, ["torch_compile_backend"]],
  fsdp_min_num_params: [[1], ["fsdp_config"]],
  fsdp_transformer_layer_cls_to_wrap: [["Block"], ["fsdp_config"]],
  push_to_hub_model_id: [["m"], ["hub_model_id"]],
  push_to_hub_organization: [["o"], ["hub_model_id"]],
  push_to_hub_token: [["t"], ["hub_token"]]
}

/** Arguments that a run or a script implements, with every valid value. */
const honoured = new Set([
  ...["predict_with_generate", "generation_max_length", "generation_num_beams", "generation_config"],
  ...["output_dir", "overwrite_output_dir", "do_train", "do_eval", "do_predict", "resume_from_checkpoint", "run_name", "seed"],
  ...["disable_tqdm", "per_device_train_batch_size", "gradient_accumulation_steps", "num_train_epochs", "max_steps"],
  ...["learning_rate", "lr_scheduler_type", "lr_scheduler_kwargs", "warmup_ratio", "warmup_steps", "optim_args"],
  ...["optim_target_modules", "weight_decay", "adam_beta1", "adam_beta2", "adam_epsilon", "max_grad_norm", "data_seed"],
  ...["dataloader_num_workers", "dataloader_prefetch_factor", "group_by_length", "length_column_name", "sortish_sampler"],
  ...["auto_find_batch_size"],
  ...["dataloader_drop_last", "remove_unused_columns", "ignore_data_skip", "eval_strategy", "eval_steps", "eval_delay"],
  ...["eval_on_start", "per_device_eval_batch_size", "load_best_model_at_end", "metric_for_best_model", "greater_is_better"],
  ...["eval_accumulation_steps", "eval_do_concat_batches", "batch_eval_metrics", "include_for_metrics"],
  ...["include_inputs_for_metrics", "prediction_loss_only", "jit_mode_eval", "label_names"],
  ...["logging_strategy", "logging_steps", "logging_first_step", "logging_nan_inf_filter", "log_level", "save_strategy"],
  ...["label_smoothing_factor", "logging_dir", "include_tokens_per_second", "include_num_input_tokens_seen"],
  ...["save_only_model", "skip_memory_metrics", "neftune_noise_alpha"],
  ...["save_steps", "save_total_limit", "per_gpu_train_batch_size", "per_gpu_eval_batch_size", "no_cuda", "adafactor"]
])

const parse = (json: unknown) => Result.getOrThrow(Result.flatMap(Seq2Seq.fromJson(json), ({ input }) => Seq2Seq.make(input)))

const rows = (cases: Readonly<Record<string, readonly [Values, unknown]>>) =>
  Object.entries(cases).flatMap(([name, [values, wanted]]) => values.map((value) => [name, value, wanted] as const))

it("every argument is implemented, rejected, replaced by another, or has no effect for a documented reason", () => {
  for (const [name, { idle, missingFeature }] of Object.entries(table)) {
    const places = [honoured.has(name), name in refused, name in through, idle !== undefined].filter((is) => is)
    expect(places.length, name).toBe(1)
    expect(missingFeature !== undefined, name).toBe(name in refused)
    if (idle !== undefined) expect(idle).toMatch(/^[A-Z].*\.$/)
  }
})

describe("is rejected, with what is not supported and what to do", () => {
  it.each(rows(refused))("%s %j", (name, value, missing) => {
    const error = Result.getOrThrow(Result.flip(Seq2Seq.supported(parse({ [name]: value }))))
    expect(error._tag).toBe("NotSupported")
    expect(error.argument).toBe(name)
    expect(error.missing).toMatch(missing as RegExp)
    expect(error.message).toMatch(/^\w+ is .+, which needs .+\. [A-Z].+\.$/s)
    expect(error.message).not.toContain("undefined")
  })

  it.each(rows(through))("%s %j", (name, value, now) => {
    const error = Result.getOrThrow(Result.flip(Seq2Seq.supported(parse({ [name]: value }))))
    expect(now).toContain(error.argument)
  })
})

it("does not show a token", () => {
  const error = Result.getOrThrow(Result.flip(Seq2Seq.supported(parse({ hub_token: "secret" }))))
  expect(JSON.stringify([error, error.message])).not.toContain("secret")
})

it("accepts the defaults, and every implemented optimizer", () => {
  expect(Result.isSuccess(Seq2Seq.supported(parse({})))).toBe(true)
  for (const optim of optims.filter((name) => !name.startsWith("galore")))
    expect(Result.isSuccess(Seq2Seq.supported(parse({ optim })))).toBe(true)
  expect(unsupportedOptims.length + optims.length).toBe(43) // the 42 of transformers, and the documented adamw_hf
  for (const reportTo of ["none", [], "", null])
    expect(Result.isSuccess(Seq2Seq.supported(parse({ report_to: reportTo })))).toBe(true)
})

it("compiles to no plan and no optimizer", () => {
  const args = Result.getOrThrow(Arguments.make({ optim: "lomo" }))
  const sizes = { batchesPerEpoch: 3, sets: [] }
  expect(Result.getOrThrow(Result.flip(Compile.plan(args, sizes))).message).toContain("lomo-optim")
  expect(() => Compile.optimizer(args)).toThrow(Arguments.NotSupported)
})

it("splitting, dispatching and evening out batches is supported, as one process needs none of it", () => {
  for (const setting of [{ split_batches: true }, { dispatch_batches: true }, { even_batches: false }, { non_blocking: true }])
    expect(Result.isSuccess(Seq2Seq.supported(parse({ accelerator_config: setting })))).toBe(true)
})

it("rejects an unknown setting", () => {
  const message = (json: object) =>
    Result.getOrThrow(Result.flip(Result.flatMap(Arguments.fromJson(json), ({ input }) => Arguments.make(input)))).message
  expect(message({ accelerator_config: { evn_batches: true } })).toContain("even_batches")
  expect(message({ accelerator_config: { even_batches: 1 } })).toContain("accelerator_config")
  expect(message({ accelerator_config: "config.json" })).toContain("a path is not read here")
  expect(message({ fsdp: "half_shard" })).toContain('"full_shard"')
  expect(message({ debug: "everything" })).toContain("underflow_overflow")
  expect(message({ report_to: ["wandb", "paper"] })).toContain('"wandb"')
  expect(message({ torchdynamo: "best" })).toContain('"inductor"')
  expect(message({ lr_scheduler_kwargs: "{" })).toContain("lr_scheduler_kwargs")
  expect(message({ include_num_input_tokens_seen: "some" })).toContain('"non_padding"')
  expect(message({ hub_strategy: "x" })).toContain('"every_save"')
  expect(message({ torch_empty_cache_steps: 0 })).toContain("at least 1")
  expect(message({ fp16: true, bf16: true })).toBe("fp16 and bf16 are both set; leave one out.")
  expect(message({ fp16_full_eval: true, bf16_full_eval: true })).toContain("fp16_full_eval and bf16_full_eval")
})
