/** Out-of-memory failures, recognised by the messages of the backends and of JavaScript. */
import { messageOf } from "../ErrorMessage.ts"

/** Returns whether a failure is that memory has run out. */
export const isOutOfMemory = (cause: unknown): boolean => words.test(messageOf(cause))

const words = new RegExp(
  [
    "out of memory", // WebGPU, CUDA
    "exceeds the max (storage )?buffer", // WebGPU
    "heap is full", // the heap of the device wasm
    "cannot enlarge memory|memory\\.grow|maximum memory size exceeded|\\(OOM\\)", // WebAssembly
    "OOM when allocating", // TensorFlow
    "allocation failed|invalid (typed array|array buffer) length" // JavaScript's arrays
  ].join("|"),
  "i"
)
