/** Of the arguments that say what a command does and where it leaves what: for each, the words of two values, and what of the command they change. */

/** What is seen of a command. */
export type Seen = "code" | "printed" | "drawn" | "files" | "log" | "name"

export interface Case {
  readonly name: string
  readonly one: ReadonlyArray<string>
  readonly other: ReadonlyArray<string>
  readonly changes: ReadonlyArray<Seen>
  /** Words of both. */
  readonly both?: ReadonlyArray<string>
  /** Words of a command in the same folder before. */
  readonly before?: ReadonlyArray<string>
}

const short = ["--max_steps", "6"]
const test = ["--test_file", "rows.jsonl"]
const tensorboard = ["--report_to", "tensorboard"]
/** In the middle of the first epoch. */
const checkpoint = ["--resume_from_checkpoint", "out/checkpoint-4"]

/** The device may be there or not; the data are not. */
const graphics = ["--device", "webgpu", "--train_file", "none.jsonl"]

export const cases: ReadonlyArray<Case> = [
  {
    name: "do_train",
    one: [],
    other: ["--do_train"],
    both: ["--do_eval", "--max_steps", "8"],
    before: short,
    changes: ["printed", "drawn", "files", "log", "name"]
  },
  { name: "do_eval", one: [], other: ["--do_eval"], both: [...short, "--do_train"], changes: ["printed", "files"] },
  {
    name: "do_predict",
    one: [],
    other: ["--do_predict"],
    both: [...short, ...test, "--do_train"],
    changes: ["printed", "files"]
  },
  { name: "output_dir", one: [], other: ["--output_dir", "other"], both: short, changes: ["printed", "files", "log", "name"] },
  {
    name: "overwrite_output_dir",
    one: [],
    other: ["--overwrite_output_dir"],
    before: short,
    both: short,
    changes: ["printed", "drawn"]
  },
  { name: "resume_from_checkpoint", one: [], other: checkpoint, before: [], changes: ["printed", "drawn", "name"] },
  {
    name: "ignore_data_skip",
    one: [],
    other: ["--ignore_data_skip"],
    before: short,
    both: checkpoint,
    changes: ["files", "log"]
  },
  { name: "disable_tqdm", one: [], other: ["--disable_tqdm"], both: short, changes: ["drawn"] },
  { name: "report_to", one: [], other: tensorboard, both: short, changes: ["files"] },
  { name: "logging_dir", one: [], other: ["--logging_dir", "board"], both: [...short, ...tensorboard], changes: ["files"] },
  { name: "run_name", one: ["--run_name", "mine"], other: ["--run_name", "yours"], both: short, changes: ["name"] },
  { name: "no_cuda", one: [], other: ["--no_cuda"], both: graphics, changes: ["printed"] }
]
