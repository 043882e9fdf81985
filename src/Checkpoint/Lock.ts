/** The lock of a store on one machine: a file that names the process that holds it. A dead process holds nothing. */
import { Effect, Schedule as EffectSchedule, FileSystem, Option, type PlatformError, Schema, type Scope } from "effect"
import { StoreLocked } from "./CheckpointStore.ts"
import { isMissing } from "./Disk.ts"

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
            yield* takeAway(file, path)
            return yield* Effect.catchIf(create, isThere, () => new StoreLocked({ path, pid: 0 }))
          })
        )
      )
      return { fs, me }
    }),
    // only what is still ours: another may have taken it for dead
    ({ fs, me }) =>
      Effect.ignore(
        Effect.flatMap(fs.readFileString(file), (held) => (held === me ? fs.remove(file, { force: true }) : Effect.void))
      )
  )

/**
 * Takes a dead process's lock out of the way. Of several that try only one can rename it; what was renamed is looked at once more, since another may
 * have taken the lock meanwhile: then it is put back.
 */
const takeAway = Effect.fnUntraced(function* (file: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  const aside = `${file}.${process.pid}`
  yield* Effect.catchIf(fs.rename(file, aside), isMissing, () => new StoreLocked({ path, pid: 0 }))
  const pid = yield* liveHolder(aside)
  if (pid !== undefined) {
    yield* fs.rename(aside, file)
    return yield* new StoreLocked({ path, pid })
  }
  yield* fs.remove(aside, { force: true })
})

const isThere = (error: PlatformError.PlatformError) => error.reason._tag === "AlreadyExists"

/** The process that holds the lock, if it lives. A lock that cannot be read for a while was cut short with its process: it is written right after it is made. */
const liveHolder = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  const read = Effect.flatMap(fs.readFileString(file), Schema.decodeUnknownEffect(codec))
  const found = yield* Effect.option(Effect.retry(read, { schedule: EffectSchedule.spaced(50), times: 4 }))
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
