/** The end of the heap: WebAssembly's memory ends at 4 GiB, and the backend does not look at what `malloc` returns. */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import { moduleOf } from "./Kernel.ts"

/** Makes an allocation that fails throw; the backend would write to address 0, where other tensors are. */
export const guard = (backend: BackendWasm): void => {
  const wasm = moduleOf(backend)
  // The first call replaces the function, so wrap the one that stays.
  wasm._free(wasm._malloc(4))
  const malloc = wasm._malloc
  wasm._malloc = (bytes: number) => {
    // A size of 2^32 or more would be taken modulo 2^32.
    const address = bytes < wholeHeap ? malloc(bytes) : 0
    if (address === 0 && bytes > 0) throw new Error(exhausted(bytes, wasm.HEAPU8.byteLength))
    return address
  }
}

/** **Unit**: bytes. */
const wholeHeap = 2 ** 32

const exhausted = (bytes: number, heap: number) =>
  `the wasm heap is full: ${mebibytes(bytes)} MiB more do not fit beside the ${mebibytes(heap)} MiB in use (wasm ends at 4096). Use a smaller batch (and more accumulation), or a native device.`

const mebibytes = (bytes: number) => Math.ceil(bytes / 2 ** 20)
