/** The trainer: a task, played by a plan in a world of Layers; and the page's Trainer, which is sugar over that. */

export * from "../Driver/Driver.ts"
export type { ComputeLoss } from "../Program/ComputeLoss.ts"
export { make, type Services, type Trainer } from "./HuggingFaceTrainer.ts"
export type { Options as FacadeOptions } from "./Options.ts"
