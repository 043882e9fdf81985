/** The base model of an adapter: a checkpoint that holds the adapter alone is resumed only on the weights that it was trained on. */
import { Schema } from "effect"
import type { HostTensors } from "../Tensor/HostTensor.ts"

/** The model's own weights are not those that the checkpoint's adapter was trained on. */
export class WrongBaseModel extends Schema.TaggedError<WrongBaseModel>()("WrongBaseModel", {
  step: Schema.Number,
  /** Fingerprints of the base weights. */
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `Checkpoint ${this.step} holds an adapter alone, and the model's other weights are not those that it was trained on (fingerprint ${this.found}, expected ${this.expected}). Load the same base model, with the same seed for what begins anew, or choose another output folder.`
  }
}

/** Computes a fingerprint of parameters: equal for the same names, shapes and bits. Not cryptographic. */
export const fingerprint = (parameters: HostTensors): string => {
  let [low, high] = [0x811c9dc5, 0x9dc5811c]
  const mix = (word: number) => {
    low = Math.imul(low ^ word, 0x01000193)
    high = Math.imul(high ^ word, 0x85ebca6b) ^ (high >>> 15)
  }
  for (const path of Object.keys(parameters).sort()) {
    const { data, shape } = parameters[path]!
    for (const character of `${path}:${shape}`) mix(character.codePointAt(0)!)
    const words = data.BYTES_PER_ELEMENT === 4 ? new Int32Array(data.buffer, data.byteOffset, data.length) : data
    for (let at = 0; at < words.length; at++) mix(words[at]!)
  }
  return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("")
}
