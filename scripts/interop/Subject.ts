/** A subject is one direction of exchange: what is written before Python runs, and what is compared afterwards. */
import type { Effect, FileSystem, Path } from "effect"
import type { Device } from "../../src/index.ts"
import type { Case, Differences } from "./Case.ts"

export type Services = Device.Device | FileSystem.FileSystem | Path.Path

export interface Subject {
  readonly name: string
  /** Gives the folders that Python is to read. */
  readonly write: (own: Case) => Effect.Effect<ReadonlyArray<string>, unknown, Services>
  readonly compare: (own: Case) => Effect.Effect<Partial<Differences>, unknown, Services>
}
