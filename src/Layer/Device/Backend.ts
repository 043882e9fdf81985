/**
 * Starts a device on a TensorFlow.js backend. Engine and current backend belong to the process, so there is one backend at a
 * time: a second device is refused until the first one's scope has closed.
 */
import { Effect, type Scope } from "effect"
import { messageOf } from "../../ErrorMessage.ts"
import { register } from "../../Tensor/Gradients.ts"
import * as HostTensor from "../../Tensor/HostTensor.ts"
import { isOutOfMemory } from "../../Tensor/OutOfMemory.ts"
import { tf } from "../../Tensor/Tensor.ts"
import { withoutNewListeners } from "../../TensorFlowFixes/wasm/Listeners.ts"
import { type Device, DeviceError, DeviceUnavailable } from "./Device.ts"

export interface Backend {
  /** The device's name, and that of its backend in TensorFlow.js. */
  readonly name: string
  /** Imports the backend's package. */
  readonly load: () => Promise<unknown>
  /** Whether tensors are read synchronously or asynchronously. Default: `now`. */
  readonly reads?: "now" | "later"
  /** Prepares the backend after it has become the current one. Returns the variant of its kernels, where there are several. */
  readonly prepare?: () => Promise<string | undefined>
}

/** Starts a backend for the length of a scope. **Errors**: `DeviceUnavailable` when it does not start, or another one is in use. */
export const acquire = (backend: Backend): Effect.Effect<Device["Service"], DeviceUnavailable, Scope.Scope> =>
  Effect.acquireRelease(claim(backend.name).pipe(Effect.andThen(Effect.onError(started(backend), () => release))), () => release)

/** The backend in use in this process, and how often it is acquired (the same device may be acquired again). */
let current = { name: "", holders: 0 }

const claim = (name: string) =>
  Effect.suspend(() => {
    if (current.holders > 0 && current.name !== name) {
      const reason = `device ${current.name} is in use in this process, and TensorFlow.js has one backend at a time. Close its scope first, or use another process.`
      return Effect.fail(new DeviceUnavailable({ device: name, reason }))
    }
    current = { name, holders: current.holders + 1 }
    return Effect.void
  })

const release = Effect.sync(() => {
  current = { ...current, holders: current.holders - 1 }
})

const started = (backend: Backend) =>
  Effect.tryPromise({
    try: () => start(backend),
    catch: (cause) => new DeviceUnavailable({ device: backend.name, reason: messageOf(cause) })
  }).pipe(Effect.map((variant) => device(backend, variant)))

const start = async ({ name, load, prepare }: Backend) => {
  // Before the backend is created: it prints a greeting otherwise.
  tf.enableProdMode()
  await withoutNewListeners(async () => {
    await load()
    if (tf.getBackend() !== name && !(await tf.setBackend(name)))
      throw new Error(`TensorFlow.js could not start its backend ${name}`)
  })
  register()
  return await prepare?.()
}

const device = ({ name, reads }: Backend, variant: string | undefined): Device["Service"] => {
  const failed = (during: string) => (cause: unknown) =>
    new DeviceError({ device: name, during, reason: messageOf(cause), ...(isOutOfMemory(cause) ? { outOfMemory: true } : {}) })
  const attempt = <A>(during: string, f: () => A) => Effect.try({ try: f, catch: failed(during) })
  return {
    name,
    ...(variant === undefined ? {} : { variant }),
    kernels: new Set(tf.getKernelsForBackend(name).map((kernel) => kernel.kernelName)),
    put: (tensors) => attempt("put", () => HostTensor.toDevice(tensors)),
    read: (tensors) =>
      reads === "later"
        ? Effect.tryPromise({ try: () => HostTensor.awaitDevice(tensors), catch: failed("read") })
        : attempt("read", () => HostTensor.fromDevice(tensors)),
    run: (during, f) => attempt(during, () => tf.tidy(synchronous(f)) as ReturnType<typeof f>),
    compile: (f) => f,
    dispose: (tensors) =>
      Effect.sync(() => {
        for (const tensor of Object.values(tensors)) tensor.dispose()
      }),
    memory: Effect.sync(() => ({ tensors: tf.memory().numTensors, bytes: tf.memory().numBytes }))
  }
}

/** A tidy frees what a promise would still need. */
const synchronous =
  <A>(f: () => A) =>
  (): tf.TensorContainer => {
    const result = f()
    if (result instanceof Promise) throw new Error("tensor maths must be synchronous, and this function returned a promise")
    return result as tf.TensorContainer
  }
