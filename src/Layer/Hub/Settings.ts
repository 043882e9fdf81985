/** The hub's address, token and cache folder: from the options, or else from the environment variables of Python's tools. */
import { homedir } from "node:os"
import { Config, Effect, FileSystem, Option, Path, Redacted } from "effect"

export interface Options {
  /** Default `HF_ENDPOINT`, or Hugging Face's. */
  readonly endpoint?: string
  /** Default `HF_TOKEN`, or the one that signing in left. */
  readonly token?: string | Redacted.Redacted
  /** The cache folder. Default `HF_HUB_CACHE`, or `hub` in `HF_HOME`. */
  readonly cache?: string
  /** Uses cached files only. Default `HF_HUB_OFFLINE`. */
  readonly offline?: boolean
}

export interface Settings {
  /** Defaults to Hugging Face's. */
  readonly endpoint: string | undefined
  readonly token: Redacted.Redacted | undefined
  readonly cache: string
  readonly offline: boolean
}

/** Reads the settings. */
export const read = Effect.fnUntraced(function* (options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const variable = (name: string) => Effect.map(Config.option(Config.String(name)), Option.getOrUndefined)
  const home =
    (yield* variable("HF_HOME")) ??
    path.join((yield* variable("XDG_CACHE_HOME")) ?? path.join(homedir(), ".cache"), "huggingface")
  const tokenFile = (yield* variable("HF_TOKEN_PATH")) ?? path.join(home, "token")
  const token =
    options.token ??
    (yield* variable("HF_TOKEN")) ??
    (yield* fs.readFileString(tokenFile).pipe(Effect.catch(() => Effect.succeed(undefined))))
  const secret = typeof token === "string" ? token.trim() : token
  const settings: Settings = {
    endpoint: (options.endpoint ?? (yield* variable("HF_ENDPOINT")))?.replace(/\/+$/, ""),
    token: secret === undefined || secret === "" ? undefined : typeof secret === "string" ? Redacted.make(secret) : secret,
    cache: options.cache ?? (yield* variable("HF_HUB_CACHE")) ?? path.join(home, "hub"),
    offline: options.offline ?? /^(1|true|yes|on)$/i.test((yield* variable("HF_HUB_OFFLINE")) ?? "")
  }
  return settings
})
