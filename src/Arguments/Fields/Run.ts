/** Arguments of the run: output folder, actions, resume, seed and device. */
import { about, boolean, idle, integer, optional, switchable, text } from "../Field.ts"

export const fields = {
  output_dir: about("Folder of checkpoints, logs and results", text("trainer_output")),
  overwrite_output_dir: about("Start anew in a folder that holds a run", boolean(false)),
  do_train: about("Train; the default where nothing is asked for", boolean(false)),
  do_eval: about("Evaluate, after training or what was trained", boolean(false)),
  do_predict: about("Predict the test data", boolean(false)),
  resume_from_checkpoint: about("Folder of a checkpoint, or whether to go on", optional(switchable(false))),
  run_name: about("Name of the run, which loggers show", optional(text(""))),
  seed: about("Seed of weights, dropout and data", integer(42, { minimum: 0 })),
  full_determinism: about(
    "The same bits for the same seed",
    idle("A run gives the same bits for the same seed and device always.", boolean(false))
  ),
  use_cpu: about(
    "Train on the processor",
    idle("A run is on the processor unless a graphics device is named; with one it is refused.", boolean(false))
  ),
  disable_tqdm: about("No progress bar", optional(boolean(false)))
}
