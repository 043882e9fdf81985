/** The `CheckpointStore` namespace of the package: the service, its errors, and its layers. */
export * from "./CheckpointStore.ts"
export { layer as fileSystem, layerConfig as fileSystemConfig } from "./FileSystemStore.ts"
export { layer as memory } from "./MemoryStore.ts"
