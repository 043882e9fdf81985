/** What a hub gives: the files of a repository at one commit, in a folder. */
import type { Config, Effect, FileSystem, Path, PlatformError } from "effect"
import type * as Errors from "./Errors.ts"

export interface Snapshot {
  /** Where the files lie that were wanted. */
  readonly folder: string
  readonly commit: string
  /** The paths of all files of the repository; only the cached ones when offline. */
  readonly files: ReadonlyArray<string>
}

export interface Wanted {
  /** A branch, a tag or a commit. Default "main". */
  readonly revision?: string | undefined
  /** Which files are fetched, by path. */
  readonly files: (path: string) => boolean
}

export type HubError =
  | Errors.HubUnreachable
  | Errors.NoAccess
  | Errors.InvalidToken
  | Errors.NotOnHub
  | Errors.HubRefused
  | Errors.DownloadInterrupted
  | Errors.DownloadDamaged
  | Errors.NotCached
  | Config.ConfigError
  | PlatformError.PlatformError

/** What a hub is. */
export interface Service {
  /** Fetches the files of a repository (`owner/name`) that are wanted and not there yet. A file has its name only once it is complete. */
  readonly snapshot: (repo: string, wanted: Wanted) => Effect.Effect<Snapshot, HubError, FileSystem.FileSystem | Path.Path>
}
