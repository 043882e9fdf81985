/** The device: where tensors live and steps run. Tensor maths is synchronous; only these operations touch the backend. */
import { Context, type Effect, Schema } from "effect"
import type { HostTensors } from "../../Tensor/HostTensor.ts"
import type { Tensors } from "../../Tensor/Tensor.ts"

export class DeviceError extends Schema.TaggedError<DeviceError>()("DeviceError", {
  device: Schema.String,
  /** What was being done: `step 12`, `evaluate`, ... */
  during: Schema.String,
  reason: Schema.String,
  /** Set where the device's memory has run out: less at a time may work. */
  outOfMemory: Schema.optionalKey(Schema.Literal(true))
}) {
  override get message() {
    return `${this.during} failed on device ${this.device}: ${this.reason}`
  }
}

export class DeviceUnavailable extends Schema.TaggedError<DeviceUnavailable>()("DeviceUnavailable", {
  device: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `Device ${this.device} cannot be used: ${this.reason}`
  }
}

export interface Memory {
  readonly tensors: number
  readonly bytes: number
}

export class Device extends Context.Service<
  Device,
  {
    readonly name: string
    /** Kernels that this device has, by TensorFlow.js's names. */
    readonly kernels: ReadonlySet<string>
    /** Copies host tensors to the device; the caller owns what it gets. */
    readonly put: (tensors: HostTensors) => Effect.Effect<Tensors, DeviceError>
    /** Copies tensors to the host. */
    readonly read: (tensors: Tensors) => Effect.Effect<HostTensors, DeviceError>
    /** Runs tensor maths in one tidy: what `f` returns lives on (the caller owns it), all else it made is freed, also when it throws. */
    readonly run: <A>(during: string, f: () => A) => Effect.Effect<A, DeviceError>
    /** Turns a pure function on tensors into one call where the device can; the identity where not. */
    readonly compile: <I, O>(f: (input: I) => O) => (input: I) => O
    readonly dispose: (tensors: Tensors) => Effect.Effect<void>
    readonly memory: Effect.Effect<Memory>
  }
>()("regimen/Layer/Device") {}
