/** Arguments of the Hugging Face hub: accepted, and rejected by `supported`, as uploads are not implemented yet. */
import { about, boolean, choice, lacking, optional, text } from "../Field.ts"
import { hub } from "./Lacks.ts"

export const fields = {
  push_to_hub: about("Upload the model at each save", lacking(hub, boolean(false))),
  hub_model_id: about("Repository to upload to, as owner/name", lacking(hub, optional(text("")))),
  hub_strategy: about(
    "What is uploaded, and when",
    lacking(hub, choice("every_save", ["end", "every_save", "checkpoint", "all_checkpoints"]))
  ),
  hub_token: about("Access token; never written to a file", lacking(hub, optional(text("")))),
  hub_private_repo: about("Create the repository as private", lacking(hub, optional(boolean(false)))),
  hub_always_push: about("Upload even if the previous upload has not finished", lacking(hub, boolean(false))),
  hub_revision: about("Branch to upload to", lacking(hub, optional(text(""))))
}
