/** Runs kernels of the cpu backend for wasm: copies in, computes, copies out. */
import type { MathBackendCPU } from "@tensorflow/tfjs-backend-cpu"
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import type { Info } from "./Kernel.ts"

/** Registers the cpu's kernel for wasm. */
export const fallBack = (kernelName: string): void => {
  if (tf.getKernel(kernelName, "wasm") != null) tf.unregisterKernel(kernelName, "wasm")
  tf.registerKernel({ kernelName, backendName: "wasm", kernelFunc: onCpu(kernelName) })
}

/** The cpu's kernel as one of wasm's. Integers stay exact on the way, and empty tensors are as good as others. */
export const onCpu = (kernelName: string): tf.KernelFunc => {
  const { kernelFunc } = tf.getKernel(kernelName, "cpu")
  return ({ inputs, attrs, backend }) => {
    const wasm = backend as BackendWasm
    const cpu = tf.findBackend("cpu") as MathBackendCPU
    const copies: Array<Info> = []
    const copyIn = (info: Info): Info => {
      const copy = cpu.makeTensorInfo(info.shape, info.dtype, wasm.readSync(info.dataId) as tf.TypedArray)
      copies.push(copy)
      return copy
    }
    try {
      const result = kernelFunc({ inputs: mapInputs(inputs, copyIn), backend: cpu, ...(attrs === undefined ? {} : { attrs }) })
      const outputs = Array.isArray(result) ? result : [result]
      copies.push(...outputs)
      const moved = outputs.map((out) => copyOut(wasm, out, cpu.readSync(out.dataId) as tf.TypedArray))
      return Array.isArray(result) ? moved : moved[0]!
    } finally {
      for (const copy of new Set(copies)) cpu.disposeData(copy.dataId, true)
    }
  }
}

/** The cpu may hold a tensor in an array of another dtype (integers that were cast to floats). */
const copyOut = (wasm: BackendWasm, { shape, dtype }: Info, values: tf.TypedArray): Info => {
  const copy = wasm.makeOutput(shape, dtype)
  if (values.length > 0) wasm.typedArrayFromHeap(copy).set(values)
  return copy
}

/** Some kernels (Concat, Einsum) take an array of inputs, and optional inputs may be missing. */
const mapInputs = (inputs: tf.NamedTensorInfoMap, f: (info: Info) => Info): tf.NamedTensorInfoMap => {
  const map = (info: Info | undefined) => (info == null ? info : f(info))
  return Array.isArray(inputs)
    ? (inputs.map(map) as unknown as tf.NamedTensorInfoMap)
    : Object.fromEntries(Object.entries(inputs).map(([name, info]) => [name, map(info)]))
}
