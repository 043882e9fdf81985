/** The lock of a store on one machine: a file that names the process that holds it. The lock of a dead process is ignored. */
import { Effect, Schedule as EffectSchedule, FileSystem, PlatformError, Schema, type Scope } from "effect"
import { StoreLocked } from "./CheckpointStore.ts"
import { isMissing } from "./DurableFiles.ts"

const Holder = Schema.Struct({
  pid: Schema.Natural,
  /** When the process started, as the operating system reports it: the same pid may name another process later. */
  started: Schema.String
})

const codec = Schema.fromJsonString(Holder)

/**
 * Takes the lock until the scope closes. The lock of a dead process is taken over, by one process only. `path` is the store's,
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
        Effect.catchIf(alreadyExists, () => Effect.andThen(removeDead(file, path), make)),
        Effect.catchIf(alreadyExists, () => Effect.flatMap(holder(file), (pid = dead) => new StoreLocked({ path, pid })))
      )
      return { fs, me }
    }),
    // only if it is still this process's: one on another machine or container may have taken the lock over
    ({ fs, me }) =>
      Effect.ignore(
        Effect.flatMap(fs.readFileString(file), (held) => (held === me ? fs.remove(file, { force: true }) : Effect.void))
      )
  )

/** Creates the file with its text atomically, unless it exists. On a file system without links the text is written after the file is created. */
const create = Effect.fnUntraced(function* (file: string, directory: string, text: string) {
  const fs = yield* FileSystem.FileSystem
  const draft = `${yield* fs.makeTempDirectoryScoped({ directory, prefix: ".lock-" })}/lock`
  yield* fs.writeFileString(draft, text)
  yield* Effect.catchIf(
    fs.link(draft, file),
    (error) => !alreadyExists(error),
    () => fs.writeFileString(file, text, { flag: "wx" })
  )
}, Effect.scoped)

/**
 * Removes a dead process's lock. A second lock is held meanwhile, and the first is checked again under it: no other process can remove and retake it
 * between that check and the removal.
 */
const removeDead = Effect.fnUntraced(function* (file: string, path: string) {
  const fs = yield* FileSystem.FileSystem
  const check = Effect.flatMap(holder(file), (pid) =>
    pid === undefined || pid === dead ? Effect.succeed(pid) : new StoreLocked({ path, pid })
  )
  if ((yield* check) === undefined) return
  yield* take(`${file}.next`, path)
  if ((yield* check) === dead) yield* fs.remove(file, { force: true })
}, Effect.scoped)

const alreadyExists = (error: unknown): boolean =>
  error instanceof PlatformError.PlatformError && error.reason._tag === "AlreadyExists"

/** Replaces the pid of a process that has exited. */
const dead = 0

/**
 * Returns the process that holds the lock, or undefined if there is no lock. A lock that stays unreadable belongs to a process that was killed while
 * writing it: the text is written right after the file is created.
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

/** Field 22 of Linux's /proc/PID/stat, counted after the name, which may hold spaces. Empty on other systems, where only the pid is compared. */
const startOf = Effect.fnUntraced(function* (pid: number) {
  const fs = yield* FileSystem.FileSystem
  const stat = yield* Effect.orElseSucceed(fs.readFileString(`/proc/${pid}/stat`), () => "")
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? ""
})
