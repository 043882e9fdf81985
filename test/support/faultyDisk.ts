/** A file system that fails: as at a power failure, or because it is full. */
import { Effect, FileSystem, Layer, PlatformError } from "effect"

export interface Fault {
  /** Operations that change the disk and go well; the next one fails. */
  readonly after: number
  /** `dies`: that operation is done in half, later ones not at all, and what was not synced is lost. `full`: it fails, later ones go well. */
  readonly how: "dies" | "full"
}

export interface FaultyDisk {
  readonly layer: Layer.Layer<FileSystem.FileSystem, never, FileSystem.FileSystem>
  /** Whether the fault has struck. */
  readonly struck: () => boolean
}

export const make = ({ after, how }: Fault): FaultyDisk => {
  let operations = 0
  const unsynced = new Set<string>()
  const error = (path: string, code: string) =>
    PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "any", pathOrDescriptor: path, cause: { code } })

  const layer = Layer.effect(
    FileSystem.FileSystem,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const lose = Effect.forEach(unsynced, (path) => Effect.ignore(fs.truncate(path, 1)))
      /** Counts an operation; `half` is what a machine that dies in it has done. */
      const change = <A, R>(
        path: string,
        whole: Effect.Effect<A, PlatformError.PlatformError, R>,
        half: Effect.Effect<unknown, unknown> = Effect.void
      ) =>
        Effect.suspend(() => {
          operations++
          if (operations <= after) return whole
          if (how === "full") return operations === after + 1 ? Effect.fail(error(path, "ENOSPC")) : whole
          const last = operations === after + 1 ? Effect.andThen(Effect.ignore(half), lose) : Effect.void
          return Effect.andThen(last, Effect.fail(error(path, "EIO")))
        })
      const removeHalf = (path: string) =>
        Effect.flatMap(fs.readDirectory(path), (names) =>
          Effect.forEach(names.slice(0, 1), (name) => fs.remove(`${path}/${name}`, { recursive: true }))
        )
      const rename = (from: string, to: string) =>
        Effect.tap(fs.rename(from, to), () =>
          Effect.sync(() => {
            for (const path of [...unsynced]) {
              if (path !== from && !path.startsWith(`${from}/`)) continue
              unsynced.delete(path)
              unsynced.add(to + path.slice(from.length))
            }
          })
        )
      const faulty: FileSystem.FileSystem = {
        ...fs,
        makeDirectory: (path, options) => change(path, fs.makeDirectory(path, options)),
        remove: (path, options) => change(path, fs.remove(path, options), removeHalf(path)),
        rename: (from, to) => change(from, rename(from, to)),
        writeFileString: (path, text, options) =>
          change(path, fs.writeFileString(path, text, options), fs.writeFileString(path, "", options)),
        open: (path, options) =>
          Effect.map(options?.flag === "w" ? change(path, fs.open(path, options)) : fs.open(path, options), (file) => ({
            ...file,
            sync: Effect.andThen(
              file.sync,
              Effect.sync(() => void unsynced.delete(path))
            ),
            writeAll: (bytes) => {
              unsynced.add(path)
              return change(path, file.writeAll(bytes), file.writeAll(bytes.subarray(0, bytes.length >> 1)))
            }
          }))
      }
      return faulty
    })
  )
  return { layer, struck: () => operations > after }
}

/** Limits each file to the bytes that `room` returns: what fits is written, then the write fails. */
export const limited = (fs: FileSystem.FileSystem, room: () => number): FileSystem.FileSystem =>
  FileSystem.make({
    ...fs,
    open: (path, options) =>
      Effect.map(fs.open(path, options), (handle) => ({
        ...handle,
        stat: handle.stat,
        sync: handle.sync,
        truncate: (size) => handle.truncate(size),
        writeAll: (buffer: Uint8Array) =>
          Effect.flatMap(handle.stat, ({ size }) => {
            const fits = Math.min(room() - Number(size), buffer.length)
            const done = handle.writeAll(buffer.subarray(0, fits))
            return fits === buffer.length ? done : Effect.andThen(done, Effect.fail(full))
          })
      }))
  })

const full = PlatformError.systemError({
  _tag: "Unknown",
  module: "FileSystem",
  method: "write",
  description: "ENOSPC: no space left on device"
})
