/** Files of rows that take the place of a program's data: `--train_file`, `--validation_file`, `--test_file`. */
import { Result, Schema } from "effect"
import type { Split } from "../Program/Program.ts"

export type DataFiles = Partial<Readonly<Record<Split, string>>>

/** A flag without its file. */
export class NoFile extends Schema.TaggedError<NoFile>()("NoFile", { flag: Schema.String }) {
  override get message() {
    return `--${this.flag} needs the path of a file.`
  }
}

/** The argument of each split, as in transformers' example scripts. */
export const names: Readonly<Record<string, Split>> = { train_file: "train", validation_file: "validation", test_file: "test" }

/** Takes the flags out of the words of a command line. */
export const take = (
  words: ReadonlyArray<string>
): Result.Result<{ readonly files: DataFiles; readonly rest: ReadonlyArray<string> }, NoFile> => {
  const files: { [S in Split]?: string } = {}
  const rest: Array<string> = []
  for (let i = 0; i < words.length; i++) {
    const [, written = "", attached] = /^--([a-z_-]+)(?:=(.*))?$/s.exec(words[i]!) ?? []
    const split = names[written.replaceAll("-", "_")]
    if (split === undefined) {
      rest.push(words[i]!)
      continue
    }
    const file = attached ?? words[++i]
    if (file === undefined || file === "" || file.startsWith("--")) return Result.fail(new NoFile({ flag: written }))
    files[split] = file
  }
  return Result.succeed({ files, rest })
}
