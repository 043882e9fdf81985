/** The `Sampler` namespace of the package: the type and the samplers. */

export { blocks } from "./Sampler/Blocks.ts"
export { groupByLength, lengthGrouped, sortish } from "./Sampler/ByLength.ts"
export { distributed } from "./Sampler/Distributed.ts"
export { weighted } from "./Sampler/Weighted.ts"
export * from "./Sampler.ts"
