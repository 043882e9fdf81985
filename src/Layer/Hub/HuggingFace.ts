/** Hugging Face's hub over HTTP, with the cache folder of its own tools. The only importer of @huggingface/hub, and only when it is asked. */
import { Effect, FileSystem, Path, Redacted, Schedule } from "effect"
import { defined } from "../../Defined.ts"
import * as Cache from "./Cache.ts"
import {
  DownloadDamaged,
  DownloadInterrupted,
  HubRefused,
  HubUnreachable,
  InvalidToken,
  NoAccess,
  NotCached,
  NotOnHub
} from "./Errors.ts"
import type { Service, Snapshot, Wanted } from "./HubService.ts"
import * as Settings from "./Settings.ts"

export type { Options } from "./Settings.ts"

/** Makes the service. Settings are read whenever it is asked. */
export const make = (options: Settings.Options = {}): Service => ({
  snapshot: Effect.fn("Hub.snapshot")(function* (repo, wanted) {
    const path = yield* Path.Path
    const settings = yield* Settings.read(options)
    const { revision = "main" } = wanted
    if (!Cache.isInside(revision)) return yield* new NotOnHub({ repo, what: "revision", name: revision })
    const places = Cache.places(path, settings.cache, repo)
    const cached = Cache.find(places, revision)
    if (settings.offline) return (yield* cached) ?? (yield* new NotCached({ repo, revision, cache: settings.cache }))
    return yield* Effect.catchTag(fetched(settings, places, repo, wanted), "HubUnreachable", (error) =>
      Effect.flatMap(cached, (snapshot) =>
        snapshot === undefined
          ? Effect.fail(error)
          : Effect.as(Effect.logWarning(`${error.message} What was fetched of ${repo} before is taken.`), snapshot)
      )
    )
  })
})

/** **Unit**: bytes that are asked for, held in memory and written at a time. */
const pieceSize = 16 * 2 ** 20

interface Entry {
  readonly path: string
  readonly size: number
  readonly hash: string
  readonly isLarge: boolean
}

const fetched = Effect.fnUntraced(function* (settings: Settings.Settings, places: Cache.Places, repo: string, wanted: Wanted) {
  const path = yield* Path.Path
  const { revision = "main" } = wanted
  const ask = yield* asker(settings, repo, revision)
  const commit = yield* ask((hub, common) =>
    hub.modelInfo({ ...common, name: repo, revision, additionalFields: ["sha"] }).then(({ sha }) => sha)
  )
  const entries = yield* ask(async (hub, common) => {
    const found: Array<Entry> = []
    for await (const { type, path, size, oid = "", lfs } of hub.listFiles({ ...common, repo, revision: commit, recursive: true }))
      if (type === "file") found.push({ path, size: lfs?.size ?? size, hash: lfs?.oid ?? oid, isLarge: lfs !== undefined })
    return found
  })
  const outside = [commit, ...entries.flatMap(({ path, hash }) => [path, hash])].find((name) => !Cache.isInside(name))
  if (outside !== undefined) return yield* new HubRefused({ repo, reason: `it names "${outside}", which is no path` })
  for (const entry of entries.filter(({ path }) => wanted.files(path))) {
    const blob = places.blob(entry.hash)
    yield* Cache.fill(blob, (file) => Effect.retry(download(ask, repo, commit, entry, file), again))
    yield* Cache.link(blob, path.join(places.snapshot(commit), entry.path))
  }
  yield* Cache.remember(places, revision, commit)
  const snapshot: Snapshot = { folder: places.snapshot(commit), commit, files: entries.map(({ path }) => path) }
  return snapshot
})

/** Resumes an interrupted download immediately, at most twice. */
const again = {
  times: 2,
  schedule: Schedule.exponential("200 millis"),
  while: (error: unknown) => error instanceof DownloadInterrupted
}

type Ask = Effect.Success<ReturnType<typeof asker>>

/** Appends what is missing of a file, piece by piece, and looks whether it is what the hub says. */
const download = Effect.fnUntraced(function* (ask: Ask, repo: string, commit: string, entry: Entry, file: string) {
  const fs = yield* FileSystem.FileSystem
  const { path, size, hash: expected, isLarge } = entry
  const interrupted = (received: number, reason: string) => new DownloadInterrupted({ repo, file: path, received, size, reason })
  yield* Effect.scoped(
    Effect.gen(function* () {
      const handle = yield* fs.open(file, { flag: "a" })
      let received = Number((yield* handle.stat).size)
      if (received >= size) return
      const blob = yield* ask((hub, common) => hub.downloadFile({ ...common, repo, path, revision: commit, xet: false }))
      if (blob === null) return yield* new NotOnHub({ repo, what: "file", name: path })
      while (received < size) {
        const end = Math.min(size, received + pieceSize)
        const piece = yield* ask(() => blob.slice(received, end).arrayBuffer()).pipe(
          Effect.catchTags({
            HubRefused: ({ reason }) => interrupted(received, reason),
            HubUnreachable: ({ reason }) => interrupted(received, reason)
          })
        )
        if (piece.byteLength !== end - received) return yield* interrupted(received, `${piece.byteLength} bytes came at once`)
        yield* handle.writeAll(new Uint8Array(piece))
        received = end
      }
      yield* handle.sync
    })
  )
  const found = yield* Cache.hash(file, size, isLarge)
  if (found === expected) return
  yield* fs.remove(file)
  return yield* new DownloadDamaged({ repo, file: path, expected, found })
})

/** Calls the library, with what all its functions take, and gives its failures their names. */
const asker = Effect.fnUntraced(function* ({ endpoint, token }: Settings.Settings, repo: string, revision: string) {
  const hub = yield* Effect.promise(() => import("@huggingface/hub"))
  const accessToken = token === undefined ? undefined : Redacted.value(token)
  if (accessToken !== undefined && !accessToken.startsWith("hf_"))
    return yield* new InvalidToken({ repo, reason: `it does not begin with "hf_"` })
  const asked = { repo, revision, signedIn: accessToken !== undefined }
  const at = endpoint ?? hub.HUB_URL
  return <A>(call: (library: typeof hub, common: Common) => Promise<A>) =>
    Effect.tryPromise({
      try: (signal) => {
        const common = { fetch: fetcher(asked, signal), hubUrl: at, ...defined({ accessToken }) }
        return call(hub, common)
      },
      catch: (cause): Refusal => (isRefusal(cause) ? cause : new HubUnreachable({ endpoint: at, reason: reasonOf(cause) }))
    })
})

interface Common {
  readonly fetch: typeof fetch
  readonly hubUrl: string
  readonly accessToken?: string
}

type Refusal = HubUnreachable | NoAccess | InvalidToken | NotOnHub | HubRefused

const isRefusal = (cause: unknown): cause is Refusal =>
  [HubUnreachable, NoAccess, InvalidToken, NotOnHub, HubRefused].some((kind) => cause instanceof kind)

interface Asked {
  readonly repo: string
  readonly revision: string
  readonly signedIn: boolean
}

/** Rejects with a typed error for whatever is no success. */
const fetcher =
  (asked: Asked, signal: AbortSignal): typeof fetch =>
  async (input, init) => {
    const response = await fetch(input, { ...init, signal })
    if (response.ok) return response
    await response.body?.cancel()
    throw refusal(asked, response)
  }

const refusal = ({ repo, revision, signedIn }: Asked, { status, statusText, headers, url }: Response): Refusal => {
  const code = headers.get("x-error-code") ?? ""
  const reason = headers.get("x-error-message") ?? `${status} ${statusText}`.trim()
  if (code === "GatedRepo" || status === 403) return new NoAccess({ repo, signedIn })
  if (code === "RevisionNotFound") return new NotOnHub({ repo, what: "revision", name: revision })
  if (code === "EntryNotFound") return new NotOnHub({ repo, what: "file", name: fileOf(url) })
  if (code === "RepoNotFound" || status === 404) return new NotOnHub({ repo, what: "repository", name: repo })
  if (status === 401)
    return signedIn ? new InvalidToken({ repo, reason }) : new NotOnHub({ repo, what: "repository", name: repo })
  return new HubRefused({ repo, reason })
}

const fileOf = (url: string): string => decodeURIComponent(url.replace(/^.*\/resolve\/[^/]+\//, ""))

/** What lies behind `fetch failed`. */
const reasonOf = (cause: unknown): string => {
  if (!(cause instanceof Error)) return String(cause)
  const inner = cause.cause
  if (!(inner instanceof Error)) return cause.message
  return "code" in inner && typeof inner.code === "string" ? inner.code : inner.message
}
