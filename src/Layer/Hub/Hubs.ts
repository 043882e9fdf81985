/** The `Hub` namespace of the package: the service, its errors, and its layers. */
export * from "./Errors.ts"
export * from "./Hub.ts"
export type { Options } from "./HuggingFace.ts"
export { layer as memory, type Repositories } from "./Memory.ts"
