/** The interface of a task: its settings, its model heads, and how it makes a program from rows. */
import type { Effect, FileSystem, Path } from "effect"
import type * as Errors from "../Arguments/Errors.ts"
import type * as FieldTable from "../Arguments/FieldTable.ts"
import type { DataError } from "../Data/Dataset.ts"
import type * as Generation from "../Evaluation/Generation.ts"
import type { Program } from "../Program/Program.ts"
import type { EncodeError, TokenizerInvalid, TokenizerMissing, TokenizerUnsupported } from "../Tokenizer/Errors.ts"
import type { InvalidRow, NoSuchColumn, NoTaskData, UnknownLabel, UnknownTask } from "./Errors.ts"
import type { Tables } from "./Rows.ts"
import type { fields } from "./Settings.ts"
import type { Base, Heads, ModelError } from "./TaskModel.ts"

/** The errors of a task, all before step 0. */
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

export interface Given<T extends FieldTable.Table> {
  readonly settings: FieldTable.Values<typeof fields & T>
  readonly base: Base
  readonly tables: Tables
  /** Whether to train; otherwise the labels are those of the model. */
  readonly trains: boolean
  readonly seed: number
}

export type Make<T extends FieldTable.Table> = (
  given: Given<T>
) => Effect.Effect<Program, TaskError, FileSystem.FileSystem | Path.Path>

export interface Task<T extends FieldTable.Table> {
  readonly fields: T
  readonly heads: Heads
  /** Whether `regimen predict` supports the task. */
  readonly predicts: boolean
  readonly make: Make<T>
}
