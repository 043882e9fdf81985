/** A plan for people: the timeline as a table, the learning rate as a plot, and how it ends. **Unit**: terminal columns. */
import * as Numbers from "../Format/Numbers.ts"
import * as Plot from "../Format/Plot.ts"
import * as Table from "../Format/Table.ts"
import * as Wrap from "../Format/Wrap.ts"
import type { Outcome } from "./PlanOutcome.ts"
import type { Line } from "./PlanTimeline.ts"

/** Lines of the timeline that are shown at its start and at its end, where it is longer than both. */
const shown = 30

export const render = (outcome: Outcome, columns: number): string =>
  [timeline(outcome, columns), rates(outcome, columns), Wrap.text(summary(outcome), columns, { indent: "  " })]
    .filter((part) => part !== "")
    .join("\n\n")

/** What is worth a line, by callback. */
const notable: Readonly<Record<string, string>> = {
  on_evaluate: "evaluate",
  on_save: "save",
  on_epoch_end: "epoch ends",
  on_train_end: "end"
}

const timeline = (outcome: Outcome, columns: number): string => {
  const rows = moments(outcome.events).map(
    (moment): ReadonlyArray<Table.Cell> => [
      moment.step,
      moment.epoch,
      moment.what.join(", "),
      moment.disk === undefined ? "" : moment.disk === null ? "?" : moment.disk.map(stepOf).join(" ")
    ]
  )
  const hidden = rows.length - 2 * shown
  const visible =
    hidden <= 0
      ? rows
      : [
          ...rows.slice(0, shown),
          [null, null, `${Numbers.thousands(hidden)} more lines: --json prints all`, ""],
          ...rows.slice(-shown)
        ]
  return Table.render(["step", "epoch", "what", "on disk"], visible, columns, "wrap")
}

interface Moment {
  readonly step: number
  readonly epoch: number
  readonly what: ReadonlyArray<string>
  readonly disk?: ReadonlyArray<string> | null
}

/** What happens at the same step is one line. */
const moments = (lines: ReadonlyArray<Line>): ReadonlyArray<Moment> => {
  const found: Array<Moment> = []
  for (const line of lines) {
    const what = line.event === "on_log" && line.log_keys?.includes("grad_norm") ? "log" : notable[line.event]
    if (what === undefined) continue
    const last = found.at(-1)
    const same = last?.step === line.step
    const before = same ? last.what : []
    const moment = {
      step: line.step,
      epoch: line.epoch ?? 0,
      what: before.at(-1) === what ? before : [...before, what], // several sets are one evaluation
      ...(line.checkpoints_on_disk === undefined
        ? same && last.disk !== undefined
          ? { disk: last.disk }
          : {}
        : { disk: line.checkpoints_on_disk })
    }
    if (same) found[found.length - 1] = moment
    else found.push(moment)
  }
  return found
}

const rates = ({ events, learning_rates }: Outcome, columns: number): string => {
  const first = events.find((line) => line.event === "on_train_begin")?.step ?? 0
  const points = learning_rates.flatMap((rate, i) => (rate === null ? [] : [[first + i + 1, rate] as const]))
  if (points.length < 2) return ""
  return Plot.render({ x: "step", y: "learning rate", series: { learning_rate: points } }, { columns, rows: 12 })
}

const summary = (outcome: Outcome): string => {
  const disk = outcome.checkpoints_on_disk_after_train
  const best =
    outcome.best_metric === null
      ? []
      : [
          `best ${Numbers.number(outcome.best_metric)}${outcome.best_global_step === null ? "" : ` at step ${outcome.best_global_step}`}`
        ]
  return [
    `${Numbers.thousands(outcome.max_steps)} steps${outcome.num_train_epochs === null ? "" : `, ${outcome.num_train_epochs} epochs`}`,
    `on disk afterwards: ${disk === null ? "?" : disk.length === 0 ? "nothing" : disk.join(" ")}`,
    ...best,
    ...(outcome.unknown.length === 0 ? [] : [`unknown without a metric: ${outcome.unknown.join(", ")}`])
  ].join("\n")
}

const stepOf = (checkpoint: string): string => checkpoint.replace(/^checkpoint-/, "")
