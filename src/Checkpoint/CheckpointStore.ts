/** The checkpoint store: checkpoints by step. Every listed checkpoint is complete: it is written aside and then moved into place atomically. */
import { Context, type Effect, Schema, type Scope } from "effect"
import type { Scalars } from "../Layer/Logger/Logger.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import type { TrainerState } from "../TrainerState.ts"
import type { Lineage } from "./Lineage.ts"
import type { RunAttempt } from "./RunAttempt.ts"

export type { Lineage } from "./Lineage.ts"
export type { RunAttempt } from "./RunAttempt.ts"

export interface Checkpoint {
  readonly state: TrainerState
  readonly weights: HostWeights
  /** Set where the parameters are those of an adapter: the others are the model's own, and this is their fingerprint (`BaseModelFingerprint`). */
  readonly adapter?: { readonly base: string } | undefined
  /** The canonical log so far, oldest first. */
  readonly history: ReadonlyArray<Scalars>
  /** The texts of the entries, in the same order, where they are encoded already. A loaded checkpoint has none. */
  readonly encodedHistory?: ReadonlyArray<EncodedEntry>
  /** The attempt that saved it, and the checkpoints that the run resumed from before. Checkpoints of old versions have none. */
  readonly lineage?: Lineage
  /** Set if the checkpoint holds the model only: without optimizer slots, no run can resume from it. */
  readonly modelOnly?: true
  /** The run's own configuration (`Options.config`), as JSON: for people; a run with `auto_find_batch_size` reads its batch size back. */
  readonly meta: Readonly<Record<string, unknown>>
  /**
   * More keys of Hugging Face's `trainer_state.json`, where the trainer knows them (`max_steps`, `best_metric`, ...): written for the
   * tools that read that file, never read back.
   */
  readonly trainerState?: Readonly<Record<string, unknown>>
  /** More files of its folder, by name (the model's config, a tokenizer): written for the tools that read them, never read back. */
  readonly files?: Readonly<Record<string, string>>
}

/** A log entry as the texts that the files of a checkpoint hold (`EncodedEntry.make`). */
export interface EncodedEntry {
  readonly checkpointJson: string
  readonly trainerState: string
}

export class CheckpointError extends Schema.TaggedError<CheckpointError>()("CheckpointError", {
  step: Schema.NullOr(Schema.Number),
  /** Folder or file. */
  path: Schema.String,
  operation: Schema.Literals(["open", "write", "read", "list", "remove"]),
  reason: Schema.String
}) {
  override get message() {
    const what = this.step === null ? "Checkpoints" : `Checkpoint ${this.step}`
    return `${what} in ${this.path}: ${this.operation} failed: ${this.reason}`
  }
}

/** Another process is training into the same store. */
export class StoreLocked extends Schema.TaggedError<StoreLocked>()("StoreLocked", { path: Schema.String, pid: Schema.Number }) {
  override get message() {
    return `${this.path} is in use by process ${this.pid}. Wait for it, stop it, or choose another output folder.`
  }
}

export class CheckpointStore extends Context.Service<
  CheckpointStore,
  {
    /** Claims the store for one run at a time, until the scope closes, and counts the attempt. */
    readonly open: Effect.Effect<RunAttempt, CheckpointError | StoreLocked, Scope.Scope>
    /** Saves a checkpoint atomically; replaces one of the same step. Must be interruptible: the run's scope waits for it. */
    readonly save: (checkpoint: Checkpoint) => Effect.Effect<void, CheckpointError>
    /** Lists the steps of the complete checkpoints, in ascending order; partial ones are not listed. */
    readonly list: Effect.Effect<ReadonlyArray<number>, CheckpointError>
    /** Reads the lineage that a checkpoint was saved with, without its tensors; undefined if it was saved without. */
    readonly lineage: (step: number) => Effect.Effect<Lineage | undefined, CheckpointError>
    readonly load: (step: number) => Effect.Effect<Checkpoint, CheckpointError>
    /** Removes a checkpoint; succeeds if it does not exist. */
    readonly remove: (step: number) => Effect.Effect<void, CheckpointError>
  }
>()("regimen/Checkpoint/CheckpointStore") {}
