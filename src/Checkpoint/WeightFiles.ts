/** The file of a model's weights: `model.safetensors`, or `adapter_model.safetensors` with the names that PEFT gives to an adapter's tensors. */
import type { Model } from "../Model/Model.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import * as Safetensors from "../Tensor/Safetensors.ts"
import * as Tree from "../Tensor/Tree.ts"
import type { HostWeights } from "../Tensor/Weights.ts"

/** Parameters and buffers. */
export const model = "model.safetensors"
/** The parameters of an adapter alone. */
export const adapter = "adapter_model.safetensors"

/** What PEFT puts in front of the names of the model that an adapter is around. */
export const prefix = "base_model.model."

/** What `from_pretrained` expects. */
export const metadata = { format: "pt" }

type Plain = Pick<HostWeights, "parameters" | "buffers">

/** Selects what is saved of a model's parameters: all, or an adapter's. */
export const saved = ({ savedParameters }: Model, parameters: HostTensors): HostTensors =>
  savedParameters === undefined ? parameters : Tree.filter(parameters, savedParameters)

/** Encodes the file of a model's weights. */
export const of = (model: Model, { parameters, buffers }: Plain): Readonly<Record<string, Uint8Array>> =>
  encode({ parameters: saved(model, parameters), buffers }, model.savedParameters !== undefined)

/** Encodes the file of whole weights, or of an adapter's parameters. */
export const encode = ({ parameters, buffers }: Plain, isAdapter: boolean): Readonly<Record<string, Uint8Array>> =>
  isAdapter
    ? { [adapter]: Safetensors.encode(named(parameters), { metadata }) }
    : { [model]: Safetensors.encode({ ...parameters, ...buffers }, { metadata }) }

/** Names an adapter's parameters as PEFT does. */
export const named = (parameters: HostTensors): HostTensors =>
  Object.fromEntries(Object.entries(parameters).map(([path, tensor]) => [`${prefix}${path}`, tensor]))

/** Names an adapter's tensors by the model's paths. */
export const unnamed = (tensors: HostTensors): HostTensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name.startsWith(prefix) ? name.slice(prefix.length) : name, tensor])
  )
