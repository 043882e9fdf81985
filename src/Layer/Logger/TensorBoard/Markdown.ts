/** What TensorBoard shows as text, in Markdown: a figure as a table, settings as a block of JSON. */

import type { Lines, Matrix } from "../../../Format/Figure.ts"
import * as Numbers from "../../../Format/Numbers.ts"

/** Writes a figure as a table. Of long lines as many points as one reads are shown, the last one among them. */
export const figure = (picture: Lines | Matrix): string => (picture._tag === "Lines" ? lines(picture) : matrix(picture))

export const json = (value: unknown): string => `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``

const lines = ({ x, series }: Lines): string => {
  const names = Object.keys(series)
  const columns = names.map((name) => new Map(series[name]))
  const all = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort((a, b) => a - b)
  const every = Math.max(1, Math.ceil(all.length / longest))
  const shown = all.filter((_, i) => (all.length - 1 - i) % every === 0)
  const cell = (value: number | undefined) => (value === undefined ? "" : Numbers.number(value))
  return table(
    [x, ...names],
    shown.map((at) => [Numbers.number(at), ...columns.map((column) => cell(column.get(at)))])
  )
}

const matrix = ({ rows, columns, labels, values }: Matrix): string =>
  table(
    [`${rows} \\ ${columns}`, ...labels],
    values.map((row, i) => [`**${labels[i] ?? i}**`, ...row.map((value) => Numbers.number(value))])
  )

/** **Unit**: rows. */
const longest = 100

const table = (head: ReadonlyArray<string>, rows: ReadonlyArray<ReadonlyArray<string>>): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.map(escape).join(" | ")} |`).join("\n")

const escape = (words: string): string => words.replaceAll("|", "\\|").replace(/\s+/g, " ")
