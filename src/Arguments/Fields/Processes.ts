/** Arguments of distributed training: accepted, and rejected by `supported` if a run would need several processes. */
import { Schema } from "effect"
import {
  about,
  boolean,
  choice,
  dictionary,
  type Field,
  integer,
  jsonDictionary,
  lacking,
  list,
  optional,
  text
} from "../Field.ts"
import { deepspeed, fsdp, legacy, processes, sagemaker, search, tpu } from "./Lacks.ts"

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

export const fields = {
  local_rank: about(
    "Rank of the process",
    lacking(processes, integer(-1, { minimum: -1 }), (rank) => rank > 0)
  ),
  ddp_backend: about(
    "How processes talk",
    lacking(processes, optional(choice("gloo", ["nccl", "mpi", "ccl", "gloo", "hccl", "cncl", "mccl"])))
  ),
  ddp_timeout: about("Seconds to wait for a process", lacking(processes, integer(1800, { minimum: 1 }))),
  ddp_find_unused_parameters: about("Look for weights that the loss does not need", lacking(processes, optional(boolean(false)))),
  ddp_bucket_cap_mb: about("Megabytes of gradients sent together", lacking(processes, optional(integer(1, { minimum: 1 })))),
  ddp_broadcast_buffers: about("Send buffers to all processes", lacking(processes, optional(boolean(false)))),
  fsdp: about("Weights in shards", lacking(fsdp, sharding)),
  fsdp_config: about("Settings of the shards", lacking(fsdp, shardingConfig)),
  deepspeed: about("DeepSpeed's settings", lacking(deepspeed, optional(configuration))),
  parallelism_config: about("Axes of parallelism", lacking(processes, optional(jsonDictionary))),
  tpu_num_cores: about("Cores of the TPU", lacking(tpu, optional(integer(1, { minimum: 1 })))),
  mp_parameters: about("SageMaker's settings", lacking(sagemaker, text(""))),
  ray_scope: about("Which trial is best, to Ray", lacking(search, { ...optional(text("")), default: "last" })),
  use_legacy_prediction_loop: about("The prediction loop of old", lacking(legacy, boolean(false)))
}
