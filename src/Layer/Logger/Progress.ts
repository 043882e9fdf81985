/** The logger for a person at a terminal: bars at the bottom, evaluations as a table above them. Where there is no terminal, plain lines. */
import { Clock, Effect, Layer, type Stdio, type Terminal } from "effect"
import * as TextWidth from "../../Format/TextWidth.ts"
import * as BackgroundQueue from "./BackgroundQueue.ts"
import * as Console from "./Console.ts"
import * as EntryLine from "./EntryLine.ts"
import * as EvaluationTable from "./EvaluationTable.ts"
import { type Entry, Logger, type Progress } from "./Logger.ts"
import * as ProgressBarText from "./ProgressBarText.ts"
import * as Screen from "./Screen.ts"
import * as Throughput from "./Throughput.ts"

/**
 * Draws a progress bar for training, one under it for an evaluation or a prediction, and writes evaluations, texts and the summary above them. Training
 * logs show in the bar. The width follows the terminal. The cursor is hidden while bars are drawn, and shown again where there are none and when the scope
 * closes, however it closes; the last state of the training's bar stays.
 *
 * **Unit**: `every` in ms: how often bars are drawn, at most.
 */
export const layer = (options: { readonly every?: number } = {}): Layer.Layer<Logger, never, Terminal.Terminal | Stdio.Stdio> =>
  Layer.unwrap(Effect.map(Screen.make, (screen) => (screen.isTerminal ? bars(screen, options.every ?? 100) : Console.layer)))

/** The state of the screen. */
interface Shown {
  readonly view: ProgressBarText.View
  readonly layout: EvaluationTable.Layout
  readonly title: string
}

/** An entry, or a request to redraw the bars. */
type Item = Entry | { readonly _tag: "Tick" }
const tick: Item = { _tag: "Tick" }

const bars = (screen: Screen.Screen, every: number): Layer.Layer<Logger> =>
  Layer.effect(
    Logger,
    Effect.gen(function* () {
      let latest: Progress | null = null
      let seen: Progress | null = null
      let hidden = false
      let state: Shown = { view: { train: null, aside: null, figures: {}, now: 0 }, layout: EvaluationTable.empty, title: "" }

      const width = Effect.map(screen.columns, (columns) => Math.max(narrowest, columns) - 1)
      const draw = Effect.fnUntraced(function* (batch: ReadonlyArray<Item>) {
        const columns = yield* width
        const now = (yield* Clock.currentTimeMillis) / 1000
        if (latest !== null && latest !== seen) state = { ...state, view: look(state.view, latest, now) }
        seen = latest
        let above = ""
        for (const item of batch) {
          if (item._tag === "Tick") continue
          const [next, text] = write(state, item, columns)
          state = next
          above += text
        }
        const lines = ProgressBarText.render(state.view, columns)
        const cursor = hidden === lines.length > 0 ? "" : hidden ? showCursor : hideCursor
        hidden = lines.length > 0
        yield* screen.write(`${cursor}${Screen.erase}${above}${lines.join("\n")}${toFirst(lines)}`)
      })

      yield* Effect.addFinalizer(() =>
        hidden ? Effect.flatMap(width, (columns) => screen.write(leave(state.view, columns))) : Effect.void
      )
      const background = yield* BackgroundQueue.make(yield* BackgroundQueue.warnOnce("progress"), draw)
      const catchUp = Effect.sync(() => (latest === seen ? undefined : background.offer(tick)))
      yield* Effect.sleep(every).pipe(
        Effect.tap(() => catchUp),
        Effect.forever,
        Effect.forkScoped
      )
      yield* Effect.addFinalizer(() => Effect.sync(() => background.offer(tick)))
      return {
        log: (entry) => Effect.sync(() => background.offer(entry)),
        progress: (now) => {
          latest = now
        },
        flush: Effect.andThen(catchUp, background.flush)
      }
    })
  )

/** Updates the view with the latest progress. */
const look = (view: ProgressBarText.View, latest: Progress, now: number): ProgressBarText.View => {
  if (latest.phase === "idle") return { ...view, now, aside: null }
  if (latest.phase === "train") {
    const meter = Throughput.observe(view.train?.meter ?? Throughput.empty, now, latest.state.step)
    return { ...view, now, aside: null, train: { now: latest, meter } }
  }
  const before =
    view.aside?.now.set === latest.set && view.aside?.now.phase === latest.phase ? view.aside.meter : Throughput.empty
  const aside = { now: latest, meter: Throughput.observe(before, now, latest.done ?? 0) }
  const train =
    view.train === null
      ? null
      : { now: { ...view.train.now, state: latest.state }, meter: Throughput.pause(view.train.meter, now - view.now) }
  return { ...view, now, aside, train }
}

/** Applies an entry; returns the text to write above the bars. */
const write = (shown: Shown, entry: Entry, columns: number): readonly [Shown, string] => {
  const title = EntryLine.title(entry)
  const head = title === shown.title || title === "" ? "" : `${EntryLine.text(title, columns)}\n`
  const named = { ...shown, title }
  if (entry._tag === "Config" || entry._tag === "Figure") return [named, head]
  if (entry._tag === "Text") return [named, `${head}${EntryLine.text(TextWidth.clean(entry.text), columns)}\n`]
  switch (entry.kind) {
    case "train":
      return [{ ...named, view: { ...shown.view, figures: entry.values } }, head]
    case "eval": {
      const [layout, row] = EvaluationTable.append(shown.layout, entry, shown.view.figures.loss, columns)
      return [{ ...named, layout, view: { ...shown.view, aside: null } }, `${head}${row}\n`]
    }
    case "summary": {
      const bars = ProgressBarText.render({ ...shown.view, aside: null, over: true }, columns).map((bar) => `${bar}\n`)
      return [
        { ...named, layout: EvaluationTable.empty, view: { train: null, aside: null, figures: {}, now: shown.view.now } },
        `${head}${bars.join("")}${EntryLine.render(entry, columns)}\n`
      ]
    }
  }
}

/** Terminals are not narrower than this, whatever they say. **Unit**: columns. */
const narrowest = 20

const hideCursor = "\u001b[?25l"
const showCursor = "\u001b[?25h"

const toFirst = (lines: ReadonlyArray<string>): string => `\r${lines.length > 1 ? `\u001b[${lines.length - 1}A` : ""}`

/** Steps below the training bar, which stays as what is over; what an interrupted evaluation had done is erased. */
const leave = (view: ProgressBarText.View, columns: number): string => {
  const bars = ProgressBarText.render({ ...view, aside: null, over: true }, columns).map((bar) => `${bar}\n`)
  return `${Screen.erase}${bars.join("")}${showCursor}`
}
