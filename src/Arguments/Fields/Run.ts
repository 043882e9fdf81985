/** Arguments of the run: output folder, actions, resume, seed and device. */
import { about, boolean, idle, integer, optional, switchable, text } from "../Field.ts"

export const fields = {
  output_dir: about("Folder for checkpoints, logs and results", text("trainer_output")),
  overwrite_output_dir: about("Start a new run in a folder that already has one", boolean(false)),
  do_train: about("Train; the default if no action is set", boolean(false)),
  do_eval: about("Evaluate, after training if both are set", boolean(false)),
  do_predict: about("Predict the test data", boolean(false)),
  resume_from_checkpoint: about(
    "Checkpoint folder to resume from; true for the latest, null for the latest if there is one, false for none",
    optional(switchable(false))
  ),
  run_name: about("Name of the run in experiment trackers", optional(text(""))),
  seed: about("Seed of weight initialization, dropout and data order", integer(42, { minimum: 0 })),
  full_determinism: about(
    "Reproduce the same bits for the same seed",
    idle("A run always gives the same bits for the same seed and device.", boolean(false))
  ),
  use_cpu: about(
    "Train on the CPU",
    idle("A run is on the CPU unless a GPU device is named; with one it is refused.", boolean(false))
  ),
  disable_tqdm: about("Disable the progress bar; null shows it", optional(boolean(false)))
}
