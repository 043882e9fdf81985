/** The service `Device`: holds tensors and runs steps. Tensor maths is synchronous; only these operations use the backend. */
import { Context, type Effect, Schema } from "effect"
import type { HostTensors } from "../../Tensor/HostTensor.ts"
import type { Tensor, Tensors } from "../../Tensor/Tensor.ts"

export class DeviceError extends Schema.TaggedError<DeviceError>()("DeviceError", {
  device: Schema.String,
  /** The operation: `step 12`, `evaluate`, ... */
  during: Schema.String,
  reason: Schema.String,
  /** Set when the device ran out of memory: a smaller batch may work. */
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
    /**
     * Which build of its kernels a device runs, where it has several. On wasm: `relaxed-simd` (with fused multiply-adds), `simd`, or `stock`, TensorFlow.js's
     * kernels alone, on an engine without SIMD. Results of two variants differ in their last bits.
     */
    readonly variant?: string
    /** Kernels that this device has, by TensorFlow.js's names. */
    readonly kernels: ReadonlySet<string>
    /** Copies host tensors to the device; the caller owns the result. */
    readonly put: (tensors: HostTensors) => Effect.Effect<Tensors, DeviceError>
    /** Copies tensors to the host. */
    readonly read: (tensors: Tensors) => Effect.Effect<HostTensors, DeviceError>
    /** Runs tensor maths in one tidy: the caller owns what `f` returns, all other tensors are freed, also when it throws. */
    readonly run: <A>(during: string, f: () => A) => Effect.Effect<A, DeviceError>
    /** Compiles a pure function on tensors into one call if the device supports it; otherwise returns it unchanged. */
    readonly compile: <I, O>(f: (input: I) => O) => (input: I) => O
    readonly dispose: (tensors: Tensors | ReadonlyArray<Tensor>) => Effect.Effect<void>
    readonly memory: Effect.Effect<Memory>
  }
>()("regimen/Layer/Device") {}
