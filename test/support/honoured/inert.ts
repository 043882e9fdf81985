/** Arguments without effect: a value of each that is not the default, and the reason for those whose other values are refused. PARITY.md has the reasons of the others. */
import type * as Seq2SeqArguments from "../../../src/Arguments/Seq2SeqArguments.ts"

export const reasons: Readonly<Record<string, string>> = {
  accelerator_config: "A run is one process: its batches are split, sent and evened out as they are.",
  tf32: "Devices compute in float32, which is what false requests.",
  local_rank: "A run is one process: -1 and 0 are its rank."
}

/** By argument: a value. */
export const cases: ReadonlyArray<readonly [name: string, input: Seq2SeqArguments.Input]> = [
  ["full_determinism", { fullDeterminism: true }],
  ["use_cpu", { useCpu: true }],
  ["average_tokens_across_devices", { averageTokensAcrossDevices: false }],
  ["torch_empty_cache_steps", { torchEmptyCacheSteps: 1 }],
  ["dataloader_persistent_workers", { dataloaderPersistentWorkers: true }],
  ["dataloader_pin_memory", { dataloaderPinMemory: false }],
  ["eval_use_gather_object", { evalUseGatherObject: true }],
  ["log_level_replica", { logLevelReplica: "debug" }],
  ["log_on_each_node", { logOnEachNode: false }],
  ["save_on_each_node", { saveOnEachNode: true }],
  ["restore_callback_states_from_checkpoint", { restoreCallbackStatesFromCheckpoint: true }],
  ["accelerator_config", { acceleratorConfig: { split_batches: true, even_batches: false } }],
  ["tf32", { tf32: false }],
  ["local_rank", { localRank: 0 }]
]
