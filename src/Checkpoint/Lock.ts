/** The lock of a store on one machine: a file that names the process that holds it. A dead process holds nothing. */
import { Effect, FileSystem, Option, type PlatformError, Schema, type Scope } from "effect"
import { StoreLocked } from "./CheckpointStore.ts"

const Holder = Schema.Struct({
  pid: Schema.Natural,
  /** When the process started, in the machine's own words: the same pid may name another process later. */
  started: Schema.String
})

const codec = Schema.fromJsonString(Holder)

/** Takes the lock until the scope closes. A lock that a dead process left behind is taken over. `path`: of the store, for the error. */
export const take = (
  file: string,
  path: string
): Effect.Effect<void, PlatformError.PlatformError | StoreLocked, FileSystem.FileSystem | Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const me = Schema.encodeSync(codec)({ pid: process.pid, started: yield* startOf(process.pid) })
      const create = fs.writeFileString(file, me, { flag: "wx" })
      yield* create.pipe(
        Effect.catchIf(isThere, () =>
          Effect.gen(function* () {
            const pid = yield* liveHolder(file)
            if (pid !== undefined) return yield* new StoreLocked({ path, pid })
            yield* fs.remove(file, { force: true })
            return yield* Effect.catchIf(create, isThere, () => new StoreLocked({ path, pid: 0 }))
          })
        )
      )
      return fs
    }),
    (fs) => Effect.ignore(fs.remove(file, { force: true }))
  )

const isThere = (error: PlatformError.PlatformError) => error.reason._tag === "AlreadyExists"

/** The process that holds the lock, if it lives. A lock that cannot be read was cut short with its process. */
const liveHolder = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const found = yield* Effect.option(Effect.flatMap(fs.readFileString(file), Schema.decodeUnknownEffect(codec)))
  if (Option.isNone(found)) return undefined
  const { pid, started } = found.value
  return isAlive(pid) && started === (yield* startOf(pid)) ? pid : undefined
})

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM"
  }
}

/** Field 22 of Linux's /proc/PID/stat, counted after the name, which may hold spaces. Elsewhere nothing, and the pid alone must do. */
const startOf = Effect.fnUntraced(function* (pid: number) {
  const fs = yield* FileSystem.FileSystem
  const stat = yield* Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/stat`), () => "")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
})
