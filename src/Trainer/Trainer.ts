/** The trainer: a task, played by a plan in a world of Layers; and the page's Trainer, which is sugar over that. */

export type { ComputeLoss } from "./ComputeLoss.ts"
export type { Options as FacadeOptions } from "./Facade/Options.ts"
export { type Home, make, type Trainer } from "./Facade.ts"
export * from "./Train.ts"
