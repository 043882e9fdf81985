/** When something is done: never, every so many updates, or at the end of an epoch. */
export const strategies = ["no", "steps", "epoch"] as const
