import { expect, it } from "vitest"
import { isOutOfMemory } from "../../../src/Tensor/OutOfMemory.ts"

it.each([
  "the wasm heap is full: 4096 MiB more do not fit beside the 16 MiB in use",
  "Aborted(Cannot enlarge memory arrays to size 4295032832 bytes (OOM))",
  "WebAssembly.Memory.grow(): Maximum memory size exceeded",
  "OOM when allocating tensor with shape[1024,1024]",
  "Out of memory",
  "Buffer size (4294967296) exceeds the max buffer size limit (268435456).",
  "Array buffer allocation failed",
  "Invalid typed array length: 17179869184"
])("is recognised in %j", (message) => {
  expect(isOutOfMemory(new RangeError(message))).toBe(true)
  expect(isOutOfMemory(message)).toBe(true)
})

it.each(["Kernel 'Zeta' not registered for backend 'wasm'", "no memory of the step", "the model has bloom filters", "heap"])(
  "is not recognised in %j",
  (message) => expect(isOutOfMemory(new Error(message))).toBe(false)
)
