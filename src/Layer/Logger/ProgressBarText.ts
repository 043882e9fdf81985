/** Progress bars as text: a line for training, a line under it for an evaluation or a prediction. */

import * as Numbers from "../../Format/Numbers.ts"
import * as TextWidth from "../../Format/TextWidth.ts"
import type { Progress } from "./Logger.ts"
import * as Throughput from "./Throughput.ts"

/** Something under way. */
export interface Task {
  readonly now: Progress
  readonly meter: Throughput.Meter
}

export interface View {
  readonly train: Task | null
  readonly aside: Task | null
  /** What was logged last: `loss`, `learning_rate`. */
  readonly figures: Readonly<Record<string, number>>
  /** **Unit**: seconds. */
  readonly now: number
  /** Nothing comes after it: no time is left. */
  readonly over?: boolean
}

/**
 * Draws the bars. Where there is no room for everything, what matters least is left out first, and the bar itself shrinks.
 *
 * **Law**: no line is wider than `columns` (test/unit/Layer/Logger/ProgressBarText.test.ts).
 */
export const render = (view: View, columns: number): ReadonlyArray<string> => [
  ...(view.train === null ? [] : [training(view.train, view, columns)]),
  ...(view.aside === null ? [] : [beside(view.aside, view.now, columns)])
]

/** A piece of a line; the ones of the lowest rank are left out first. */
interface Field {
  readonly text: string
  readonly rank: number
}

const training = ({ now, meter }: Task, view: View, columns: number): string => {
  const { state, horizon } = now
  const { loss, learning_rate: rate } = view.figures
  const epochs = Number.isFinite(horizon.epochs) ? `/${horizon.epochs}` : ""
  return line(state.step, horizon.maxSteps, columns, [
    { text: `epoch ${state.epoch.toFixed(2)}${epochs}`, rank: 2 },
    ...count(state.step, horizon.maxSteps),
    ...pace(meter, "step", "steps"),
    ...remaining(Throughput.left(meter, view.now, horizon.maxSteps), view.over !== true && state.step < horizon.maxSteps),
    ...(loss === undefined ? [] : [{ text: `loss ${Numbers.number(loss)}`, rank: 5 }]),
    ...(rate === undefined ? [] : [{ text: `lr ${Numbers.number(rate)}`, rank: 1 }])
  ])
}

const beside = ({ now, meter }: Task, time: number, columns: number): string => {
  const { done = 0, total = Infinity } = now
  const name = now.phase === "predict" ? "predict" : (now.set ?? "eval")
  return line(done, total, columns, [
    { text: TextWidth.truncate(TextWidth.clean(name), 16), rank: 5 },
    ...count(done, total),
    ...pace(meter, "batch", "batches"),
    ...remaining(Throughput.left(meter, time, total), done < total)
  ])
}

const count = (done: number, total: number): ReadonlyArray<Field> =>
  Number.isFinite(total)
    ? [
        { text: `${Numbers.thousands(done)}/${Numbers.thousands(total)}`, rank: 6 },
        { text: `${Math.floor((100 * done) / Math.max(1, total))}%`, rank: 0 }
      ]
    : [{ text: Numbers.thousands(done), rank: 6 }]

const pace = (meter: Throughput.Meter, one: string, many: string): ReadonlyArray<Field> => {
  const perSecond = Throughput.perSecond(meter)
  return Number.isFinite(perSecond) ? [{ text: Numbers.rate(perSecond, one, many), rank: 3 }] : []
}

const remaining = (seconds: number, unfinished: boolean): ReadonlyArray<Field> =>
  unfinished && Number.isFinite(seconds) ? [{ text: `ETA ${Numbers.duration(Math.ceil(seconds))}`, rank: 4 }] : []

const longest = 40
const shortest = 10
const gap = 2

/** The first field, the bar, the other fields; no bar if the total is unknown. */
const line = (done: number, total: number, columns: number, fields: ReadonlyArray<Field>): string => {
  const known = Number.isFinite(total)
  let shown = fields
  const room = () => columns - shown.reduce((sum, field) => sum + TextWidth.width(field.text) + gap, known ? 0 : -gap)
  while (shown.length > 1 && room() < (known ? shortest : 0)) {
    const least = Math.min(...shown.map((field) => field.rank))
    shown = shown.filter((field) => field.rank !== least)
  }
  const bar = known && room() > 0 ? [draw(done / Math.max(1, total), Math.min(longest, room()))] : []
  const [first, ...rest] = shown.map((field) => field.text)
  return TextWidth.truncate([first, ...bar, ...rest].join(" ".repeat(gap)), columns)
}

/** Draws a bar to half a column. */
const draw = (fraction: number, columns: number): string => {
  const halves = Math.round(Math.min(1, Math.max(0, fraction)) * columns * 2)
  const full = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "")
  return full + "┄".repeat(columns - full.length)
}
