/** Arguments of checkpoints: intervals, limit and content. */
import { about, boolean, choice, idle, integer, number, optional, requires, strategies } from "../Field.ts"

/** Intervals, limit and content of checkpoints. */
export const saving = {
  save_strategy: about("When to save a checkpoint", choice("steps", [...strategies, "best"])),
  save_steps: about("Updates between checkpoints, or below 1 a fraction of the run", number(500, { minimum: 0 })),
  save_total_limit: about("Maximum number of checkpoints to keep; null or 0 keeps all", optional(integer(0))),
  save_safetensors: about(
    "Save weights in the safetensors format",
    requires(
      {
        missing: "Python pickles, which run code when they are read",
        instead: "Leave it out: weights are saved as safetensors."
      },
      boolean(true)
    )
  ),
  save_only_model: about("Save only the model, without the state that resuming needs", boolean(false)),
  save_on_each_node: about(
    "Save checkpoints on each node, not only on the main one",
    idle("A run is on one node.", boolean(false))
  ),
  restore_callback_states_from_checkpoint: about(
    "Restore the state of callbacks on resume",
    idle("Resuming always restores the state of callbacks.", boolean(false))
  )
}
