/** The lock of a store on one machine: a file that names the process that holds it. A dead process holds nothing. */
import { Effect, Schedule as EffectSchedule, FileSystem, PlatformError, Schema, type Scope } from "effect"
import { StoreLocked } from "./CheckpointStore.ts"
import { isMissing } from "./Disk.ts"

const Holder = Schema.Struct({
  pid: Schema.Natural,
  /** When the process started, in the machine's own words: the same pid may name another process later. */
  started: Schema.String
})

const codec = Schema.fromJsonString(Holder)

/**
 * Takes the lock until the scope closes. A lock that a dead process left behind is taken over: of several that find it only one does. `path`: of the store,
 * for the error.
 */
export const take = (
  file: string,
  path: string
): Effect.Effect<void, PlatformError.PlatformError | StoreLocked, FileSystem.FileSystem | Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const me = Schema.encodeSync(codec)({ pid: process.pid, started: yield* startOf(process.pid) })
      const make = create(file, path, me)
      yield* make.pipe(
        Effect.catchIf(isThere, () => Effect.andThen(bury(file, path), make)),
        Effect.catchIf(isThere, () => Effect.flatMap(holder(file), (pid = dead) => new StoreLocked({ path, pid })))
      )
      return { fs, me }
    }),
    // only what is still ours: a process of another machine or container may have taken us for dead
    ({ fs, me }) =>
      Effect.ignore(
        Effect.flatMap(fs.readFileString(file), (held) => (held === me ? fs.remove(file, { force: true }) : Effect.void))
      )
  )

/** Makes the file with its text in one act, unless it is there. Where the disk has no links, its text comes a moment later. */
const create = Effect.fnUntraced(function* (file: string, directory: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  const draft = `${yield* fs.makeTempDirectoryScoped({ directory, prefix: ".lock-" })}/lock`
  yield* fs.writeFileString(draft, text)
  yield* Effect.catchIf(
    fs.link(draft, file),
    (error) => !isThere(error),
    () => fs.writeFileString(file, text, { flag: "wx" })
  )
}, Effect.scoped)

/**
 * Removes a dead process's lock. Whoever does holds a lock for it, and looks again: between that look and the removal no other can have removed it and
 * taken the lock itself.
 */
const bury = Effect.fnUntraced(function* (file: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  const look = Effect.flatMap(holder(file), (pid) =>
    pid === undefined || pid === dead ? Effect.succeed(pid) : new StoreLocked({ path, pid })
  )
  if ((yield* look) === undefined) return
  yield* take(`${file}.next`, path)
  if ((yield* look) === dead) yield* fs.remove(file, { force: true })
}, Effect.scoped)

const isThere = (error: unknown): boolean => error instanceof PlatformError.PlatformError && error.reason._tag === "AlreadyExists"

/** In the place of a pid: a process that lives no more. */
const dead = 0

/**
 * The process that holds the lock; undefined where there is no lock. A lock that cannot be understood for a while was cut short with its process: its text
 * comes right after it is made.
 */
const holder = Effect.fnUntraced(function* (file: string) {
  const fs = yield* FileSystem.FileSystem
  return yield* Effect.flatMap(fs.readFileString(file), Schema.decodeUnknownEffect(codec)).pipe(
    Effect.retry({ while: Schema.isSchemaError, schedule: EffectSchedule.spaced(50), times: 4 }),
    Effect.flatMap(({ pid, started }) =>
      Effect.map(startOf(pid), (found) => (isAlive(pid) && (found === "" || found === started) ? pid : dead))
    ),
    Effect.catchTag("SchemaError", () => Effect.succeed(dead)),
    Effect.catchIf(isMissing, () => Effect.undefined)
  )
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
