/** The Trainer for those who do not use Effect: everything else is in the package's main entry. */
export * as Trainer from "./Trainer/Promise.ts"
