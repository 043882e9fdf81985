/** Weights given to an evaluation, a prediction or a generation: tensors on the device, or host weights, which are copied there meanwhile. */
import { Effect, type Scope } from "effect"
import { Device, type DeviceError } from "../Layer/Device/Device.ts"
import type { HostTensors } from "../Tensor/HostTensor.ts"
import type { Tensors } from "../Tensor/Tensor.ts"
import type { HostWeights, Weights } from "../Tensor/Weights.ts"

export type DeviceWeights = Pick<Weights, "parameters" | "buffers">
export type Given = DeviceWeights | Pick<HostWeights, "parameters" | "buffers">

/** Copies host weights to the device for the scope; returns weights on the device as they are. */
export const place = Effect.fnUntraced(function* (
  given: Given
): Effect.fn.Return<DeviceWeights, DeviceError, Device | Scope.Scope> {
  const device = yield* Device
  const put = (tensors: Tensors | HostTensors) =>
    isHost(tensors) ? Effect.acquireRelease(device.put(tensors), device.dispose) : Effect.succeed(tensors)
  return { parameters: yield* put(given.parameters), buffers: yield* put(given.buffers) }
})

const isHost = (tensors: Tensors | HostTensors): tensors is HostTensors =>
  Object.values(tensors).every(({ data }) => ArrayBuffer.isView(data))
