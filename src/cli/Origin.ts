/** Where a program's run starts in its output folder: what `resume_from_checkpoint` says, or the newest checkpoint. */
import { Effect, Path, Schema } from "effect"
import { type Arguments, ContradictoryArguments } from "../Arguments/Arguments.ts"
import { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import * as FileSystemStore from "../Checkpoint/FileSystemStore.ts"
import * as Numbers from "../Metrics/Format/Numbers.ts"
import type { From } from "../Trainer/Start.ts"

/** The checkpoint that was asked for is not there. */
export class NoCheckpoint extends Schema.TaggedError<NoCheckpoint>()("NoCheckpoint", { path: Schema.String }) {
  override get message() {
    return `There is no checkpoint at ${this.path}. Leave resume_from_checkpoint out to start from the newest one, or from the beginning.`
  }
}

export interface Origin {
  readonly from: From
  /** 0 at the beginning. */
  readonly step: number
  /** The checkpoint's folder, where it is in another output folder. */
  readonly elsewhere?: string
}

const contradiction = new ContradictoryArguments({
  names: ["overwrite_output_dir", "resume_from_checkpoint"],
  reason:
    "resume_from_checkpoint names a checkpoint of the output folder, and overwrite_output_dir clears that folder: leave one of them out."
})

/** Finds where to start. **Errors**: `NoCheckpoint` when a checkpoint was asked for that is not there. */
export const find = Effect.fnUntraced(function* (args: Arguments, folder: string) {
  const path = yield* Path.Path
  const scratch: Origin = { from: "scratch", step: 0 }
  const asked = args.resumeFromCheckpoint
  if (asked === false || (asked === null && args.overwriteOutputDir)) return scratch
  if (asked === true && args.overwriteOutputDir) return yield* contradiction
  if (asked === null || asked === true) {
    const step = yield* newest(folder)
    if (step === undefined && asked === true) return yield* new NoCheckpoint({ path: folder })
    return { from: "newest", step: step ?? 0 } satisfies Origin
  }
  const inside = path.resolve(asked) === path.resolve(folder) || path.resolve(path.dirname(asked)) === path.resolve(folder)
  if (inside && args.overwriteOutputDir) return yield* contradiction
  const name = /^checkpoint-(\d+)$/.exec(path.basename(asked))
  const home = name === null ? asked : path.dirname(asked)
  const step = name === null ? yield* newest(asked) : Number(name[1])
  if (step === undefined) return yield* new NoCheckpoint({ path: asked })
  if (path.resolve(home) === path.resolve(folder)) return { from: step, step } satisfies Origin
  const { state, ...rest } = yield* within(home, (store) => store.load(step))
  return {
    from: { ...rest, state: { ...state, checkpoints: [], bestCheckpoint: null } }, // those of the other folder are not in this one
    step,
    elsewhere: path.join(home, `checkpoint-${step}`)
  } satisfies Origin
})

/** Says it in a line. */
export const describe = (folder: string, { step, elsewhere }: Origin): string =>
  step === 0
    ? `Starting the run of ${folder} again from the beginning: it has no checkpoint.`
    : `Resuming ${folder} from ${elsewhere ?? `checkpoint-${step}`} (step ${Numbers.thousands(step)}).`

const within = <A, E>(directory: string, use: (store: CheckpointStore["Service"]) => Effect.Effect<A, E>) =>
  Effect.flatMap(CheckpointStore, use).pipe(Effect.provide(FileSystemStore.layer({ directory })))

const newest = (folder: string) =>
  Effect.map(
    within(folder, (store) => store.list),
    (steps) => steps.at(-1)
  )
