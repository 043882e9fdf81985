/** The `Loader` namespace: the type and the loaders. */

export { checked } from "./Loader/Checked.ts"
export { fromStream } from "./Loader/FromStream.ts"
export { prefetch } from "./Loader/Prefetch.ts"
export { fromWorkers, type Source, type WorkerOptions } from "./Loader/Workers.ts"
export * from "./Loader.ts"
