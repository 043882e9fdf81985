/** Durable writes, and advice for disk errors (full, read-only). */
import { Effect, FileSystem, Path, PlatformError } from "effect"

/** Writes a new file and syncs it to the disk. */
export const writeFile = Effect.fnUntraced(function* (file: string, bytes: Uint8Array) {
  const fs = yield* FileSystem.FileSystem
  const open = yield* fs.open(file, { flag: "w" })
  yield* open.writeAll(bytes)
  yield* open.sync
}, Effect.scoped)

/** Replaces a file of a folder atomically and durably. Creates the folder if it does not exist. */
export const replace = Effect.fnUntraced(function* (folder: string, name: string, content: string | Uint8Array) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const file = path.join(folder, name)
  yield* ensure(path.resolve(folder))
  yield* writeFile(`${file}.tmp`, typeof content === "string" ? new TextEncoder().encode(content) : content)
  yield* fs.rename(`${file}.tmp`, file)
  yield* sync(folder)
})

/** Creates a folder and its parents. Node's own option (`recursive`) never returns under /proc. */
export const ensure = (folder: string): Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    if (yield* fs.exists(folder)) return
    yield* ensure((yield* Path.Path).dirname(folder))
    yield* fs.makeDirectory(folder)
  })

/**
 * Syncs a folder's entries to the disk, if the system supports it: Windows and some network file systems refuse to open or sync a folder.
 *
 * **Errors**: the file system's, for example of a disk that fails (EIO).
 */
export const sync = (folder: string): Effect.Effect<void, PlatformError.PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const open = yield* fs.open(folder, { flag: "r" })
    yield* open.sync
  }).pipe(
    Effect.scoped,
    Effect.catchIf(
      (error) => withoutFolderSync.has(codeOf(error)),
      () => Effect.void
    )
  )

const withoutFolderSync = new Set(["EACCES", "EBADF", "EINVAL", "EISDIR", "ENOSYS", "ENOTSUP", "EPERM"])

export const isMissing = (error: unknown): boolean =>
  error instanceof PlatformError.PlatformError && error.reason._tag === "NotFound"

/** Returns the path of a failed operation. */
export const pathOf = ({ reason }: PlatformError.PlatformError): string | undefined =>
  "pathOrDescriptor" in reason && typeof reason.pathOrDescriptor === "string" ? reason.pathOrDescriptor : undefined

/** Describes an error of the disk and what to do about it. */
export const advice = (error: PlatformError.PlatformError): string =>
  advices[codeOf(error)] ?? advices[error.reason._tag] ?? `${error.message} ${codeOf(error)}`.trimEnd()

const codeOf = ({ reason: { cause } }: PlatformError.PlatformError): string =>
  typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : ""

const full =
  "the disk is full. Free some space, keep fewer checkpoints (save_total_limit) or choose another output folder. Earlier checkpoints are untouched."
const denied = "this user may not do that. Change the folder's permissions or choose another output folder."
const notAFolder = "a file is where a folder is wanted. Move it away or choose another output folder."

const advices: Readonly<Record<string, string>> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: "the disk is read-only. Choose another output folder.",
  PermissionDenied: denied,
  ENOTDIR: notAFolder,
  AlreadyExists: notAFolder,
  EMFILE: "too many files are open. Raise the limit (ulimit -n).",
  NotFound: "it is not there any more. Something else changes the output folder."
}
