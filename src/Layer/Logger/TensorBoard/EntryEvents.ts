/** An entry as TensorBoard's events, under the tags that Hugging Face's callback gives them: `train/loss`, `eval/loss`. */
import * as EntryJson from "../EntryJson.ts"
import type { Config, Entry, Figure } from "../Logger.ts"
import * as Event from "./Event.ts"
import * as HeatMap from "./HeatMap.ts"
import * as Markdown from "./Markdown.ts"
import * as Png from "./Png.ts"

/** Returns an entry's events. An attempt that resumes from a checkpoint first discards what earlier ones logged past it. */
export const make = (entry: Entry, time: number): ReadonlyArray<Event.Event> => {
  const at = { time, step: entry.step }
  const first = entry._tag === "Config" && entry.attempt > 1 ? [Event.restart({ time, step: entry.step + 1 })] : []
  return [...first, Event.summary(at, values(entry, time))]
}

/**
 * Gives a figure's tag: `eval_loss` is `eval/loss`, `test_loss` is `test/loss`, all others are under `train/`.
 *
 * **Source**: `rewrite_logs` of transformers' integrations.
 */
export const tag = (name: string): string => {
  const set = ["eval", "test"].find((set) => name.startsWith(`${set}_`))
  return set === undefined ? `train/${name}` : `${set}/${name.slice(set.length + 1)}`
}

const values = (entry: Entry, time: number): ReadonlyArray<Event.Value> => {
  switch (entry._tag) {
    case "Scalars":
      return Object.entries({ ...entry.values, ...entry.clock, epoch: entry.epoch }).map(([name, value]) =>
        Event.scalar(tag(name), value)
      )
    case "Text":
      return [Event.text("log", entry.text)]
    case "Figure":
      return pictures(tag(entry.name), entry.figure)
    case "Config": {
      const config = EntryJson.plain(entry.config) as Config["config"]
      return [Event.text("args", Markdown.json(config)), Event.settings(flat(config), time)]
    }
  }
}

/** A histogram without values, as a matrix without cells, cannot be drawn. */
const pictures = (name: string, figure: Figure["figure"]): ReadonlyArray<Event.Value> => {
  if (figure._tag === "Histogram") return figure.edges.length < 2 ? [] : [Event.histogram(name, figure.edges, figure.counts)]
  const table = Event.text(name, Markdown.figure(figure))
  const picture = figure._tag === "Matrix" ? HeatMap.paint(figure) : undefined
  return picture === undefined ? [table] : [Event.image(name, { ...picture, png: Png.encode(picture) }), table]
}

/** Settings that are neither text nor number nor switch become JSON. */
const flat = (config: Config["config"]): Readonly<Record<string, string | number | boolean>> =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? value : JSON.stringify(value)
    ])
  )
