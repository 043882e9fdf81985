/** A subject is a way from one side to the other: what is written before Python runs, and what must be the same afterwards. */
import type { Effect, FileSystem, Path } from "effect"
import type { Device } from "../../src/index.ts"
import type { Case, Differences } from "./Case.ts"

export type World = Device.Device | FileSystem.FileSystem | Path.Path

export interface Subject {
  readonly name: string
  /** Gives the folders that Python is to read. */
  readonly write: (own: Case) => Effect.Effect<ReadonlyArray<string>, unknown, World>
  readonly compare: (own: Case) => Effect.Effect<Partial<Differences>, unknown, World>
}
