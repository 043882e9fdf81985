/** `regimen/testing`: arbitraries, laws and contracts, to test your own schedules, triggers, retentions, stores and loggers. Needs fast-check. */
export * as Arbitraries from "./Testing/Arbitraries.ts"
export * as ArgumentArbitraries from "./Testing/ArgumentArbitraries.ts"
export * as Contract from "./Testing/Contract.ts"
export * as Laws from "./Testing/Laws.ts"
