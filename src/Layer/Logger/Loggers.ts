/** The `Logger` namespace of the package: the service, its entries, and its layers. */
export { layer as all } from "./All.ts"
export { canonical } from "./Canonical.ts"
export { layer as console } from "./Console.ts"
export { LogError, layer as jsonl, read } from "./Jsonl.ts"
export * from "./Logger.ts"
export { layer as memory, Memory } from "./Memory.ts"
export { layer as none } from "./None.ts"
export { layer as progress } from "./Progress.ts"
