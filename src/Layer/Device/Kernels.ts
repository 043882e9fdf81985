/** Which kernels a computation needs, found before the first step by running it once, dry. */
import { Effect, Schema } from "effect"
import { tf } from "../../Tensor/Tensor.ts"
import { Device, DeviceError } from "./Device.ts"

export class KernelMissing extends Schema.TaggedError<KernelMissing>()("KernelMissing", {
  device: Schema.String,
  kernel: Schema.String,
  during: Schema.String
}) {
  override get message() {
    return `${this.during} needs the kernel ${this.kernel}, which device ${this.device} does not have. Use another device, or another operation.`
  }
}

/**
 * Runs a computation (a forward pass, a step with its gradients) once, frees what it returns, and names the kernels that ran.
 * **Errors**: `KernelMissing` when the device lacks one of them, `DeviceError` when it fails otherwise.
 */
export const trace = Effect.fn("Kernels.trace")(function* (during: string, f: () => tf.TensorContainer) {
  const device = yield* Device
  const profile = yield* Effect.promise(() => profileOf(f))
  if (profile.failure !== undefined) {
    const reason = profile.failure instanceof Error ? profile.failure.message : String(profile.failure)
    const kernel = missingIn(reason)
    if (kernel !== undefined) return yield* new KernelMissing({ device: device.name, kernel, during })
    return yield* new DeviceError({ device: device.name, during, reason })
  }
  return new Set(profile.kernels)
})

const profileOf = async (f: () => tf.TensorContainer) => {
  let failure: unknown
  // A profile that throws would stay switched on.
  const info = await tf.profile(() => {
    try {
      tf.tidy(() => {
        f()
      })
    } catch (cause) {
      failure = cause
    }
    return tf.scalar(0)
  })
  tf.dispose(info.result)
  return { kernels: info.kernelNames, failure }
}

/** TensorFlow.js's own words. */
const missingIn = (reason: string): string | undefined => /^Kernel '(\w+)' not registered for backend/.exec(reason)?.[1]
