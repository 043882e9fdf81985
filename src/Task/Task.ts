/** A task: what its settings are, and how they and rows become a program. */
import type { Effect, FileSystem, Path } from "effect"
import type * as Errors from "../Arguments/Errors.ts"
import type * as Table from "../Arguments/Table.ts"
import type { DataError } from "../Data/Dataset.ts"
import type * as Generation from "../Evaluation/Generation.ts"
import type { Program } from "../Program/Program.ts"
import type { EncodeError, TokenizerInvalid, TokenizerMissing, TokenizerUnsupported } from "../Tokenizer/Errors.ts"
import type { Base, Heads, ModelError } from "./Base.ts"
import type { InvalidRow, NoSuchColumn, NoTaskData, UnknownLabel, UnknownTask } from "./Errors.ts"
import type { Tables } from "./Rows.ts"
import type { fields } from "./Settings.ts"

/** What can be wrong before step 0. */
export type TaskError =
  | Errors.ArgumentsError
  | DataError
  | EncodeError
  | Generation.InvalidGeneration
  | InvalidRow
  | ModelError
  | NoSuchColumn
  | NoTaskData
  | TokenizerInvalid
  | TokenizerMissing
  | TokenizerUnsupported
  | UnknownLabel
  | UnknownTask

export interface Given<T extends Table.Table> {
  readonly settings: Table.Values<typeof fields & T>
  readonly base: Base
  readonly tables: Tables
  /** Whether it is to be trained: otherwise its labels are the model's. */
  readonly trains: boolean
  readonly seed: number
}

export type Make<T extends Table.Table> = (
  given: Given<T>
) => Effect.Effect<Program, TaskError, FileSystem.FileSystem | Path.Path>

export interface Task<T extends Table.Table> {
  readonly fields: T
  readonly heads: Heads
  /** What a prediction of it is called, or why there is none. */
  readonly predicts: boolean
  readonly make: Make<T>
}
