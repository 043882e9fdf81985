/** What the kernels of this folder are written with. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { sizeOf } from "../TensorFlowFixes/Shape.ts"
import type { Attributes, Info, Inputs } from "../TensorFlowFixes/wasm/Kernel.ts"
import * as Native from "./Native.ts"

/** A kernel's call: tensors on the heap, and the functions of native/wasm with their scratch memory. */
export interface Call<Names extends string> {
  readonly backend: BackendWasm
  readonly inputs: Readonly<Record<Names, Info>>
  readonly attributes: Attributes
  readonly functions: Native.Functions
  readonly scratch: Native.Native["scratch"]
  /** Returns a tensor's address. */
  readonly at: (info: Info) => Native.Address
  /** Makes an output, float32 by default. Take addresses after it. */
  readonly make: (shape: ReadonlyArray<number>, dtype?: tf.DataType) => Info
}

/**
 * Puts a kernel before the registered one, which runs where it returns `undefined` (another dtype, a form that it does not handle, an empty tensor), and on
 * backends without a native module.
 */
export const override = <Names extends string>(
  kernelName: string,
  kernel: (call: Call<Names>) => Info | Array<Info> | undefined
): void => {
  const before = tf.getKernel(kernelName, "wasm")
  tf.unregisterKernel(kernelName, "wasm")
  register({
    ...before,
    before,
    kernelFunc: (given) => {
      const call = callOf<Names>(given)
      return (call === undefined ? undefined : kernel(call)) ?? before.kernelFunc(given)
    }
  })
}

/** Registers a kernel that TensorFlow.js has not: a fused one. Code that uses it looks first whether the device has it (Tensor/FusedKernel.ts). */
export const define = <Names extends string>(kernelName: string, kernel: (call: Call<Names>) => ReadonlyArray<Info>): void =>
  register({
    kernelName,
    backendName: "wasm",
    before: undefined,
    kernelFunc: (given) => {
      const call = callOf<Names>(given)
      if (call === undefined) throw new Error(`Kernel '${kernelName}' not registered for backend 'wasm'`)
      return [...kernel(call)]
    }
  })

/** A registered kernel of this folder, with the one that it is put before; benchmarks and tests compare them. */
export interface Registered extends tf.KernelConfig {
  readonly before: tf.KernelConfig | undefined
}

/** Returns the registered kernels of wasm as they are without this folder. */
export const withoutOurs = (): ReadonlyArray<tf.KernelConfig> =>
  tf.getKernelsForBackend("wasm").flatMap((kernel) => ("before" in kernel ? ((kernel as Registered).before ?? []) : [kernel]))

const register = (kernel: Registered): void => tf.registerKernel(kernel)

/** Whether all tensors are float32 and none is empty. */
export const areFilledFloats = (...infos: ReadonlyArray<Info>): boolean =>
  infos.every(({ dtype, shape }) => dtype === "float32" && sizeOf(shape) > 0)

/** A tensor as rows of its last axis. */
export const rowsOf = ({ shape }: Info): readonly [rows: number, columns: number] => {
  const columns = shape.at(-1) ?? 1
  return [sizeOf(shape) / columns, columns]
}

const callOf = <Names extends string>(given: Parameters<tf.KernelFunc>[0]): Call<Names> | undefined => {
  const backend = given.backend as BackendWasm
  const native = Native.of(backend)
  if (native === undefined) return undefined
  return {
    backend,
    inputs: given.inputs as Inputs as Call<Names>["inputs"],
    attributes: given.attrs ?? {},
    functions: native.functions,
    scratch: native.scratch,
    at: (info) => Native.at(backend, info),
    make: (shape, dtype = "float32") => backend.makeOutput([...shape], dtype)
  }
}
