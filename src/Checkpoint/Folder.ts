/** The files of a checkpoint folder, in the Hugging Face form, and one of our own. */
import { messageOf } from "../ErrorMessage.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as Safetensors from "../Tensor/Safetensors.ts"
import * as CheckpointJson from "./CheckpointJson.ts"
import type { Checkpoint } from "./CheckpointStore.ts"
import * as TrainerStateJson from "./TrainerStateJson.ts"
import * as WeightFiles from "./WeightFiles.ts"

/** The optimizer's slots; not there where the model is alone. */
export const optimizer = "optimizer.safetensors"
export const trainerState = "trainer_state.json"
/** Everything else that a resumed run needs. */
export const document = "checkpoint.json"

export type Files = Readonly<Record<string, Uint8Array>>

/** **Errors**: throws for a state that no run can be in, and for a name that is a parameter and a buffer. */
export const encode = (checkpoint: Checkpoint, folder: string): Files => {
  const { parameters, buffers, slots } = checkpoint.weights
  const both = Object.keys(buffers).find((path) => Object.hasOwn(parameters, path))
  if (both !== undefined) throw new Error(`${both} is a parameter and a buffer: rename one of them in the model`)
  return {
    ...Object.fromEntries(Object.entries(checkpoint.files ?? {}).map(([name, content]) => [name, text(content)])),
    ...WeightFiles.encode(checkpoint.weights, checkpoint.adapter !== undefined),
    ...(checkpoint.modelOnly === true ? {} : { [optimizer]: Safetensors.encode(slots, { metadata: WeightFiles.metadata }) }),
    [trainerState]: text(TrainerStateJson.trainerState(checkpoint, folder)),
    [document]: text(CheckpointJson.encode({ ...checkpoint, buffers: Object.keys(buffers) }))
  }
}

/**
 * Reads the files.
 *
 * **Law**: decode(encode(checkpoint)) equals the checkpoint, bit for bit (test/property/Checkpoint.test.ts).
 * **Errors**: throws an error that names the file that is missing or is not what it should be.
 */
export const decode = (files: Files): Checkpoint => {
  const { buffers, ...rest } = read(files, document, (bytes) => CheckpointJson.decode(new TextDecoder().decode(bytes)))
  const tensors =
    rest.adapter === undefined
      ? read(files, WeightFiles.model, decodeTensors)
      : WeightFiles.unnamed(read(files, WeightFiles.adapter, decodeTensors))
  const isBuffer = new Set(buffers)
  const pick = (buffer: boolean): HostTensors =>
    Object.fromEntries(Object.entries(tensors).filter(([path]) => isBuffer.has(path) === buffer))
  const slots = rest.modelOnly === true ? {} : read(files, optimizer, decodeTensors)
  return { ...rest, weights: { parameters: pick(false), buffers: pick(true), slots } }
}

const read = <A>(files: Files, name: string, f: (bytes: Uint8Array) => A): A => {
  const bytes = files[name]
  if (bytes === undefined) throw new Error(`the checkpoint has no ${name}.`)
  try {
    return f(bytes)
  } catch (cause) {
    throw new Error(`${name} is not what a checkpoint holds: ${messageOf(cause)}`)
  }
}

const decodeTensors = (bytes: Uint8Array): HostTensors => Safetensors.decode(bytes).tensors

const text = (content: string) => new TextEncoder().encode(content)
