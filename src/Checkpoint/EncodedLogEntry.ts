/** Encodes log entries for the files of a checkpoint: once each, and not at every save after them. */
import type { Scalars } from "../Layer/Logger/Logger.ts"
import * as CheckpointJson from "./CheckpointJson.ts"
import type { EncodedEntry } from "./CheckpointStore.ts"
import * as TrainerStateJson from "./TrainerStateJson.ts"

/** Encodes an entry. */
export const make = (entry: Scalars): EncodedEntry => ({
  checkpointJson: CheckpointJson.encodeEntry(entry),
  trainerState: TrainerStateJson.encodeEntry(entry)
})
