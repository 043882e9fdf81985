/** Arguments of the Hugging Face hub: accepted, and rejected by `supported`, as uploads are not implemented yet. */
import { about, boolean, choice, lacking, optional, text } from "../Field.ts"
import { hub } from "./Lacks.ts"

export const fields = {
  push_to_hub: about("Upload at each save", lacking(hub, boolean(false))),
  hub_model_id: about("Repository", lacking(hub, optional(text("")))),
  hub_strategy: about(
    "What is uploaded, and when",
    lacking(hub, choice("every_save", ["end", "every_save", "checkpoint", "all_checkpoints"]))
  ),
  hub_token: about("Token; it is never written out", lacking(hub, optional(text("")))),
  hub_private_repo: about("Make the repository private", lacking(hub, optional(boolean(false)))),
  hub_always_push: about("Upload while another upload goes on", lacking(hub, boolean(false))),
  hub_revision: about("Branch", lacking(hub, optional(text(""))))
}
