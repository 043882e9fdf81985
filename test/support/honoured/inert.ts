/** Of the arguments whose every other value is refused, what is left changes nothing: why. */
export const reasons: Readonly<Record<string, string>> = {
  accelerator_config: "A run is one process: its batches are split, sent and evened out as they are.",
  tf32: "Devices compute in float32: false asks for what is so.",
  local_rank: "A run is one process: -1 and 0 are its rank."
}
