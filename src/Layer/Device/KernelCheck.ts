/** Determines which kernels a computation needs, by running it once before the first step. */
import { Effect, Schema } from "effect"
import { messageOf } from "../../ErrorMessage.ts"
import { tf } from "../../Tensor/Tensor.ts"
import { Device, DeviceError } from "./Device.ts"

export class KernelMissing extends Schema.TaggedError<KernelMissing>()("KernelMissing", {
  device: Schema.String,
  kernel: Schema.String,
  during: Schema.String
}) {
  override get message() {
    return `${this.during} needs the kernel ${this.kernel}, which is not supported on device ${this.device}. Use another device or another operation.`
  }
}

/**
 * Runs a computation (a forward pass, a step with its gradients) once, frees its results, and returns the names of the kernels that ran.
 * **Errors**: `KernelMissing` when the device lacks one of them, `DeviceError` when it fails otherwise.
 */
export const trace = Effect.fn("Kernels.trace")(function* (during: string, f: () => tf.TensorContainer) {
  const device = yield* Device
  const profile = yield* Effect.promise(() => profileOf(f))
  if (profile.failure !== undefined) {
    const reason = messageOf(profile.failure)
    return yield* explain(during)(new DeviceError({ device: device.name, during, reason }))
  }
  return new Set(profile.kernels)
})

/** Converts failures that are caused by a missing kernel to `KernelMissing`. */
export const explain =
  (during: string) =>
  <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | KernelMissing, R | Device> =>
    Effect.catch(effect, (error) =>
      Effect.flatMap(Device, (device): Effect.Effect<never, E | KernelMissing> => {
        const kernel = missingIn(error)
        return Effect.fail(kernel === undefined ? error : new KernelMissing({ device: device.name, kernel, during }))
      })
    )

const profileOf = async (f: () => tf.TensorContainer) => {
  let failure: unknown
  // A profile that throws would not be switched off.
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

/** Finds the kernel in TensorFlow.js's message. */
const missingIn = (error: unknown): string | undefined => {
  const reason = typeof error === "object" && error !== null && "reason" in error ? String(error.reason) : ""
  return /^Kernel '(\w+)' not registered for backend/.exec(reason)?.[1]
}
