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
    "Rank of the process on its node; -1 for a single process",
    lacking(processes, integer(-1, { minimum: -1 }), (rank) => rank > 0)
  ),
  ddp_backend: about(
    "Communication backend between processes",
    lacking(processes, optional(choice("gloo", ["nccl", "mpi", "ccl", "gloo", "hccl", "cncl", "mccl"])))
  ),
  ddp_timeout: about("Timeout of communication between processes, in seconds", lacking(processes, integer(1800, { minimum: 1 }))),
  ddp_find_unused_parameters: about(
    "Detect weights that the loss does not depend on",
    lacking(processes, optional(boolean(false)))
  ),
  ddp_bucket_cap_mb: about("Size of a gradient bucket, in megabytes", lacking(processes, optional(integer(1, { minimum: 1 })))),
  ddp_broadcast_buffers: about("Broadcast buffers from the main process", lacking(processes, optional(boolean(false)))),
  fsdp: about("Fully sharded data parallelism: what is sharded", lacking(fsdp, sharding)),
  fsdp_config: about("Options of fsdp", lacking(fsdp, shardingConfig)),
  deepspeed: about("DeepSpeed configuration, or the path of its file", lacking(deepspeed, optional(configuration))),
  parallelism_config: about("Sizes of the axes of parallelism, as in Accelerate", lacking(processes, optional(jsonDictionary))),
  tpu_num_cores: about("Number of TPU cores", lacking(tpu, optional(integer(1, { minimum: 1 })))),
  mp_parameters: about("Options of SageMaker's model parallelism", lacking(sagemaker, text(""))),
  ray_scope: about("How Ray selects the best trial", lacking(search, { ...optional(text("")), default: "last" })),
  use_legacy_prediction_loop: about("Use the former prediction loop", lacking(legacy, boolean(false)))
}
