/** The namespace `Trainer`: the driver's functions and Hugging Face's Trainer. */

export * from "../Driver/Driver.ts"
export type { ComputeLoss } from "../Program/ComputeLoss.ts"
export { make, type Services, type Trainer } from "./HuggingFaceTrainer.ts"
export type { Options as FacadeOptions } from "./Options.ts"
