/** The folder of the downloaded files, in the layout of Python's `huggingface_hub`: blobs by hash, snapshots by commit that link to them, names of commits. */
import { createHash, randomUUID } from "node:crypto"
import { Effect, FileSystem, Path, Stream } from "effect"
import type { Snapshot } from "./HubService.ts"

/** Where the parts of a repository are. */
export interface Places {
  readonly blob: (hash: string) => string
  readonly snapshot: (commit: string) => string
  readonly ref: (revision: string) => string
}

/** Says where the parts of a repository are. */
export const places = (path: Path.Path, cache: string, repo: string): Places => {
  const root = path.join(cache, `models--${repo.replace("/", "--")}`)
  return {
    blob: (hash) => path.join(root, "blobs", hash),
    snapshot: (commit) => path.join(root, "snapshots", commit),
    ref: (revision) => path.join(root, "refs", revision)
  }
}

/** Whether a name from outside stays in the folder that it is joined to. */
export const isInside = (name: string): boolean =>
  !name.includes("\\") && name.split("/").every((part) => part !== "" && part !== "." && part !== "..")

/** Finds the snapshot that a revision had when it was fetched last. */
export const find = Effect.fnUntraced(function* ({ ref, snapshot }: Places, revision: string) {
  const fs = yield* FileSystem.FileSystem
  const commit = /^[0-9a-f]{40}$/.test(revision)
    ? revision
    : yield* fs.readFileString(ref(revision)).pipe(Effect.catch(() => Effect.succeed("")))
  const folder = snapshot(commit.trim())
  if (commit === "" || !(yield* fs.exists(folder))) return undefined
  const found: Snapshot = { folder, commit: commit.trim(), files: yield* fs.readDirectory(folder, { recursive: true }) }
  return found
})

/** Remembers which commit a revision is. */
export const remember = Effect.fnUntraced(function* ({ ref }: Places, revision: string, commit: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (revision === commit) return
  const file = ref(revision)
  yield* fs.makeDirectory(path.dirname(file), { recursive: true })
  yield* fs.writeFileString(file, commit)
})

/** Puts a blob into a snapshot under its name; as a copy, where the system has no links. */
export const link = Effect.fnUntraced(function* (blob: string, pointer: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (yield* fs.exists(pointer)) return
  yield* fs.makeDirectory(path.dirname(pointer), { recursive: true })
  yield* fs.remove(pointer, { force: true }) // a link to nothing
  yield* fs.symlink(path.relative(path.dirname(pointer), blob), pointer).pipe(Effect.catch(() => fs.copyFile(blob, pointer)))
})

/**
 * Fills a blob: `fill` writes to a file of its own, which holds what an earlier attempt left; the file is renamed to the blob once `fill` is done. What `fill`
 * leaves behind when it fails is there for the next try.
 */
export const fill = Effect.fnUntraced(function* <E, R>(blob: string, write: (file: string) => Effect.Effect<void, E, R>) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  if (yield* fs.exists(blob)) return
  yield* fs.makeDirectory(path.dirname(blob), { recursive: true })
  const [left, own] = [`${blob}.incomplete`, `${blob}.${randomUUID()}.incomplete`]
  yield* Effect.ignore(fs.rename(left, own))
  yield* write(own).pipe(
    Effect.andThen(fs.rename(own, blob)),
    Effect.onError(() => Effect.ignore(fs.rename(own, left)))
  )
})

/** The hash of a file as the hub has it: SHA-256 of a large one, and of others what git calls them by. */
export const hash = Effect.fnUntraced(function* (file: string, size: number, isLarge: boolean) {
  const fs = yield* FileSystem.FileSystem
  const sum = isLarge ? createHash("sha256") : createHash("sha1").update(`blob ${size}\0`)
  yield* Stream.runForEach(fs.stream(file), (bytes) => Effect.sync(() => sum.update(bytes)))
  return sum.digest("hex")
})
