/** Decides where a run resumes, from what was asked for and the checkpoints that exist. The driver, the Trainer and the command all ask here. */
import { Effect, Path, Schema } from "effect"
import * as CheckpointName from "../Checkpoint/CheckpointName.ts"
import { type Checkpoint, CheckpointStore, type RunAttempt } from "../Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../Checkpoint/FileSystemStore.ts"
import * as Lineage from "../Checkpoint/Lineage.ts"
import type { TrainerState } from "../TrainerState.ts"

/** The newest checkpoint of the store if there is one, none, the checkpoint of a step (which must exist), or a loaded checkpoint. */
export type From = "newest" | "scratch" | number | Checkpoint

/** The argument `resume_from_checkpoint`: a path, true for the newest checkpoint (which must exist), false for none, null for the newest if there is one. */
export type Argument = boolean | string | null

/** Where an argument resumes. */
export interface Location {
  readonly from: From
  /** 0 from scratch. */
  readonly step: number
  /** The path of the checkpoint, if it is in another output folder. */
  readonly otherFolder?: string
}

/** The checkpoint that was asked for does not exist. */
export class NoCheckpoint extends Schema.TaggedError<NoCheckpoint>()("NoCheckpoint", { path: Schema.String }) {
  override get message() {
    return `There is no checkpoint at ${this.path}. Name a checkpoint-<step> folder, or an output folder that has one, or leave resume_from_checkpoint (in code: resumeFromCheckpoint) out.`
  }
}

/** The checkpoint holds the model alone. */
export class NotResumable extends Schema.TaggedError<NotResumable>()("NotResumable", { step: Schema.Number }) {
  override get message() {
    return `Checkpoint ${this.step} holds the model alone (save_only_model), and no run can go on from it. Load its weights as those of a model, or start anew: with --overwrite_output_dir, or in another output folder.`
  }
}

/**
 * Lists the steps to try, the best first: those of the newest checkpoint's lineage from its end, or the one that was asked for. Later checkpoints of a run
 * that another one forked from are not among them.
 */
export const candidates = (
  asked: "newest" | "scratch" | number,
  entries: ReadonlyArray<Lineage.Entry>
): ReadonlyArray<number> => {
  if (asked === "scratch") return []
  if (asked !== "newest") return [asked]
  const newest = Lineage.newest(entries)
  return newest === undefined ? [] : Lineage.stepsThrough(entries, newest).toReversed()
}

/** Splits a path: the folder `checkpoint-<step>` itself, or an output folder, whose newest checkpoint is meant. */
export const parsePath = (path: Path.Path, place: string): { readonly folder: string; readonly step?: number } => {
  const step = CheckpointName.step(path.basename(place))
  return step === undefined ? { folder: place } : { folder: path.dirname(place), step }
}

/**
 * Decides where an argument resumes a run of `outputFolder`, whose checkpoints are `entries`.
 *
 * **Errors**: `NoCheckpoint` if one was asked for that does not exist.
 */
export const fromArgument = Effect.fnUntraced(function* <E, R>(
  asked: Argument,
  own: { readonly outputFolder: string; readonly entries: Effect.Effect<ReadonlyArray<Lineage.Entry>, E, R> }
) {
  if (asked === false) return { from: "scratch", step: 0 } satisfies Location as Location
  if (typeof asked !== "string") {
    const step = candidates("newest", yield* own.entries)[0]
    if (step === undefined && asked === true) return yield* new NoCheckpoint({ path: own.outputFolder })
    return { from: "newest", step: step ?? 0 } satisfies Location as Location
  }
  const path = yield* Path.Path
  const parsed = parsePath(path, asked)
  const step = parsed.step ?? candidates("newest", yield* entriesIn(parsed.folder))[0]
  if (step === undefined) return yield* new NoCheckpoint({ path: asked })
  if (path.resolve(parsed.folder) === path.resolve(own.outputFolder)) return { from: step, step } satisfies Location as Location
  const from = yield* loadFrom(parsed.folder, step)
  return { from, step, otherFolder: path.join(parsed.folder, CheckpointName.make(step)) } satisfies Location as Location
})

/** Finds the checkpoint to start from. If the newest one cannot be read, warns and takes the one before it in its lineage. */
export const find = Effect.fnUntraced(function* (from: From) {
  if (typeof from === "object") return from
  const store = yield* CheckpointStore
  const all = yield* entries
  const steps = candidates(from, all)
  for (const [index, step] of steps.entries()) {
    const found = yield* index === steps.length - 1
      ? store.load(step)
      : store
          .load(step)
          .pipe(
            Effect.catch((error) =>
              Effect.as(Effect.logWarning(`${error.message} Going on from the checkpoint before it.`), undefined)
            )
          )
    if (found !== undefined) return relisted(found, all)
  }
  return undefined
})

/** Finds the checkpoint to resume from, as `find` does. **Errors**: `NotResumable` if it holds the model alone. */
export const resume = Effect.fnUntraced(function* (from: From) {
  const found = yield* find(from)
  if (found?.modelOnly === true) return yield* new NotResumable({ step: found.state.step })
  return found
})

/** The place of an attempt among the checkpoints of its store. */
export interface Branch {
  /** The lineage of the checkpoints that the attempt saves. */
  readonly lineage: Lineage.Lineage
  /** The checkpoints of that lineage that exist. */
  readonly steps: ReadonlyArray<number>
  /** The state that "newest" finds as long as the attempt saves nothing: not that of a fork, nor of a checkpoint from another store. */
  readonly durable: TrainerState | undefined
}

/** Gives the place of an attempt that resumes from `found`, or starts from scratch. */
export const branch = Effect.fnUntraced(function* (from: From, found: Checkpoint | undefined, attempt: RunAttempt) {
  const all = yield* entries
  const { lineage: saved = Lineage.unknown, state } = found ?? {}
  const isOwn = typeof from !== "object" || saved.run === attempt.run
  const lineage = Lineage.make(attempt, isOwn && state !== undefined ? { step: state.step, lineage: saved } : undefined)
  const durable = isOwn && Lineage.newest(all)?.step === state?.step ? state : undefined
  return { lineage, steps: Lineage.steps(all, lineage), durable } satisfies Branch
})

/** The steps of a store with their lineages. */
export const entries = Effect.gen(function* () {
  const store = yield* CheckpointStore
  return yield* Effect.forEach(
    yield* store.list,
    (step) => Effect.map(store.lineage(step), (lineage = Lineage.unknown): Lineage.Entry => ({ step, lineage })),
    { concurrency: 8 }
  )
})

/** The checkpoints of an output folder. */
export const entriesIn = (folder: string) =>
  Effect.provide(entries, FileSystemStore.layer({ directory: folder }), { local: true })

/** Loads a checkpoint of an output folder for a run in another one, where the checkpoints that its state lists do not exist. */
export const loadFrom = (folder: string, step: number) =>
  Effect.gen(function* () {
    const store = yield* CheckpointStore
    const { lineage: _, state, ...rest } = yield* store.load(step)
    return { ...rest, state: { ...state, checkpoints: [], bestCheckpoint: null } }
  }).pipe(Effect.provide(FileSystemStore.layer({ directory: folder }), { local: true }))

/**
 * Lists in the state the checkpoints that exist. One that no state lists was written when a run was interrupted: it is removed at the next save. Those of
 * other lineages are not listed, so no retention sees them.
 */
const relisted = (found: Checkpoint, all: ReadonlyArray<Lineage.Entry>): Checkpoint => {
  const { bestCheckpoint, checkpoints, step } = found.state
  const steps = Lineage.stepsThrough(all, { step, lineage: found.lineage ?? Lineage.unknown })
  return {
    ...found,
    state: {
      ...found.state,
      checkpoints: steps.filter((other) => checkpoints.includes(other)),
      bestCheckpoint: bestCheckpoint !== null && steps.includes(bestCheckpoint) ? bestCheckpoint : null
    }
  }
}
