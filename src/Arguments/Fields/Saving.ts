/** Arguments of checkpoints: intervals, limit and content. */
import { about, boolean, choice, idle, integer, lacking, number, optional } from "../Field.ts"
import { pickles } from "./Lacks.ts"
import { strategies } from "./Strategies.ts"

export const fields = {
  save_strategy: about("When to save", choice("steps", [...strategies, "best"])),
  save_steps: about("Updates between saves, or a part of the run", number(500, { minimum: 0 })),
  save_total_limit: about("Checkpoints to keep", optional(integer(0))),
  save_safetensors: about("Save weights as safetensors", lacking(pickles, boolean(true))),
  save_only_model: about("Save the model alone, which no run can go on from", boolean(false)),
  save_on_each_node: about("Save on each node", idle("A run is on one node.", boolean(false))),
  restore_callback_states_from_checkpoint: about(
    "Callbacks go on where they were",
    idle("A resumed run always has what its callbacks remembered.", boolean(false))
  )
}
