/** Contracts of services: the tests that every implementation passes, as plain values for any test runner. */
export { checkpointStore } from "./CheckpointStoreContract.ts"
export type { ContractTest } from "./ContractTest.ts"
export { logger } from "./LoggerContract.ts"
