/** The values of a strategy (`IntervalStrategy`): never, every n updates, or at the end of each epoch. */
export const strategies = ["no", "steps", "epoch"] as const
