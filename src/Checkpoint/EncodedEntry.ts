/** A log entry as the texts that the files of a checkpoint hold, so that an entry is encoded once and not at every save after it. */
import type { Scalars } from "../Layer/Logger/Logger.ts"
import * as CheckpointJson from "./CheckpointJson.ts"
import * as HuggingFace from "./HuggingFace.ts"

export interface EncodedEntry {
  readonly checkpointJson: string
  readonly trainerState: string
}

/** Encodes an entry. */
export const make = (entry: Scalars): EncodedEntry => ({
  checkpointJson: CheckpointJson.encodeEntry(entry),
  trainerState: HuggingFace.encodeEntry(entry)
})
