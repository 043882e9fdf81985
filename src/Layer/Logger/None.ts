/** The logger that keeps nothing. */
import { Effect, Layer } from "effect"
import { Logger } from "./Logger.ts"

/** Logs nowhere. */
export const layer: Layer.Layer<Logger> = Layer.succeed(Logger, { log: () => Effect.void, flush: Effect.void })
