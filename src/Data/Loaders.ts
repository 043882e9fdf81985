/** The `Loader` namespace of the package: the type and the loaders. */

export { prefetch } from "./Loader/Prefetch.ts"
export { fromWorkers, type Source, type WorkerOptions } from "./Loader/Workers.ts"
export * from "./Loader.ts"
