/** A checkpoint by its path: the folder `checkpoint-<step>` itself, or an output folder whose newest one is meant. */
import { Effect, Path, Schema } from "effect"
import { CheckpointStore } from "./CheckpointStore.ts"
import * as FileSystemStore from "./FileSystemStore.ts"

/** The checkpoint that was asked for is not there. */
export class NoCheckpoint extends Schema.TaggedError<NoCheckpoint>()("NoCheckpoint", { path: Schema.String }) {
  override get message() {
    return `There is no checkpoint at ${this.path}. Name a checkpoint-<step> folder, or an output folder that has one, or leave resume_from_checkpoint (in code: resumeFromCheckpoint) out.`
  }
}

export interface CheckpointPath {
  /** The folder that holds the checkpoints. */
  readonly home: string
  readonly step: number
}

/** Finds which checkpoint a path means. **Errors**: `NoCheckpoint` for an output folder without one. */
export const locate = Effect.fnUntraced(function* (place: string) {
  const path = yield* Path.Path
  const name = /^checkpoint-(\d+)$/.exec(path.basename(place))
  const home = name === null ? place : path.dirname(place)
  const step = name === null ? yield* newest(place) : Number(name[1])
  if (step === undefined) return yield* new NoCheckpoint({ path: place })
  return { home, step } satisfies CheckpointPath
})

/** Loads it as the start of a run in another folder: the checkpoints beside it are not there. */
export const load = Effect.fnUntraced(function* ({ home, step }: CheckpointPath) {
  const { state, ...rest } = yield* within(home, (store) => store.load(step))
  return { ...rest, state: { ...state, checkpoints: [], bestCheckpoint: null } }
})

/** The step of an output folder's newest checkpoint; undefined when it has none. */
export const newest = (folder: string) =>
  Effect.map(
    within(folder, (store) => store.list),
    (steps) => steps.at(-1)
  )

const within = <A, E>(directory: string, use: (store: CheckpointStore["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(CheckpointStore, use).pipe(Effect.provide(FileSystemStore.layer({ directory })))
