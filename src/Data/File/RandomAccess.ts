/** Files with concurrent random-access reads. **Unit**: bytes. */
import * as fs from "node:fs"
import { Effect, type Scope } from "effect"
import { DataError } from "../Dataset.ts"

export interface RandomAccess {
  readonly path: string
  readonly size: number
  /** Reads the bytes from `start` to `end` (exclusive). **Errors**: `DataError` if they cannot be read, or the file has become shorter. */
  readonly read: (start: number, end: number) => Effect.Effect<Uint8Array<ArrayBuffer>, DataError>
}

/** Opens a file until the scope closes. **Errors**: `DataError` with the file if it cannot be opened. */
export const open = Effect.fnUntraced(function* (path: string): Effect.fn.Return<RandomAccess, DataError, Scope.Scope> {
  const file = yield* Effect.acquireRelease(
    call<number>(path, "cannot be opened", (done) => fs.open(path, "r", done)),
    (file) => Effect.ignore(call<void>(path, "cannot be closed", (done) => fs.close(file, done)))
  )
  const stats = yield* call<fs.Stats>(path, "cannot be read", (done) => fs.fstat(file, done))
  if (!stats.isFile()) return yield* failed(path, "is not a file")
  return {
    path,
    size: stats.size,
    read: (start, end) =>
      Effect.callback<Uint8Array<ArrayBuffer>, DataError>((resume) => {
        // An interrupted read continues into a buffer that is discarded.
        const bytes = new Uint8Array(end - start)
        const more = (filled: number): void => {
          fs.read(file, bytes, filled, bytes.length - filled, start + filled, (error, read) => {
            if (error !== null) resume(failed(path, `cannot be read at byte ${start + filled} (${error.code})`))
            else if (filled + read === bytes.length) resume(Effect.succeed(bytes))
            else if (read === 0) resume(failed(path, `ends at byte ${start + filled}: it was truncated after it was opened`))
            else more(filled + read)
          })
        }
        more(0)
      })
  }
})

const call = <A>(path: string, what: string, f: (done: (error: NodeJS.ErrnoException | null, value?: A) => void) => void) =>
  Effect.callback<A, DataError>((resume) =>
    f((error, value) => resume(error === null ? Effect.succeed(value!) : failed(path, `${what} (${error.code})`)))
  )

const failed = (file: string, reason: string) => Effect.fail(new DataError({ file, row: null, column: null, reason }))
