/**
 * Makes an allocation that fails throw.
 *
 * **Fault**: WebAssembly's memory ends at 4 GiB, and the backend does not check what `malloc` returns: it then writes to address 0, where other
 * tensors are.
 * **Upstream**: tensorflow/tfjs#6439 and #7621 (open) look alike; search tensorflow/tfjs for "wasm malloc returns 0".
 * **Remove when**: "wasm/FailedMalloc" of test/contract/Upstream.test.ts fails.
 */
import type { BackendWasm } from "@tensorflow/tfjs-backend-wasm"
import * as tf from "@tensorflow/tfjs-core"
import { moduleOf } from "./Kernel.ts"

export const install = (): void => {
  const wasm = moduleOf(tf.backend() as BackendWasm)
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
