/** TensorBoard's events: what a file of them holds, as protocol buffers (tensorflow/core/util/event.proto, framework/summary.proto). */

import * as Protobuf from "./Protobuf.ts"

/** When and where. */
export interface At {
  /** **Unit**: seconds since 1970. */
  readonly time: number
  readonly step: number
}

export type Event = Uint8Array<ArrayBuffer>

/** One value of a summary: a number, a text or a picture under its tag. */
export type Value = Protobuf.Field

/** Opens a file. */
export const version = (time: number): Event => Protobuf.join([Protobuf.double(1, time), Protobuf.string(3, "brain.Event:2")])

/** Says that a run starts again here: readers forget what earlier files of the folder have at this step and later. */
export const restart = ({ time, step }: At): Event => event({ time, step }, Protobuf.message(7, Protobuf.whole(1, 1)))

export const summary = (at: At, values: ReadonlyArray<Value>): Event => event(at, Protobuf.message(5, ...values))

/** A number; float32 is what readers keep. */
export const scalar = (tag: string, value: number): Value => named(tag, Protobuf.float(2, value))

/** A text in Markdown. PyTorch's writer adds the same end to a text's tag. */
export const text = (tag: string, markdown: string): Value =>
  named(
    `${tag}/text_summary`,
    Protobuf.message(8, Protobuf.whole(1, types.string), vector(Protobuf.whole(1, 1)), Protobuf.string(8, markdown)),
    plugin("text")
  )

/** A picture in red, green and blue. **Unit**: pixels. */
export const image = (
  tag: string,
  { width, height, png }: { readonly width: number; readonly height: number; readonly png: Uint8Array }
): Value =>
  named(
    tag,
    Protobuf.message(4, Protobuf.whole(1, height), Protobuf.whole(2, width), Protobuf.whole(3, 3), Protobuf.bytes(4, png))
  )

/** How many of so many values lie in each bin. **Shapes**: one edge more than counts, and two at least. */
export const histogram = (tag: string, edges: ReadonlyArray<number>, counts: ReadonlyArray<number>): Value =>
  named(
    tag,
    Protobuf.message(
      5,
      Protobuf.double(1, edges[0]!),
      Protobuf.double(2, edges.at(-1)!),
      Protobuf.double(
        3,
        counts.reduce((sum, count) => sum + count, 0)
      ),
      Protobuf.packed(6, edges.slice(1)),
      Protobuf.packed(7, counts)
    )
  )

/** The settings of a run, for TensorBoard's HPARAMS tab. **Source**: tensorboard/plugins/hparams/plugin_data.proto. */
export const settings = (values: Readonly<Record<string, string | number | boolean>>, time: number): Value => {
  const entries = Object.entries(values).map(([name, value]) =>
    Protobuf.message(1, Protobuf.string(1, name), Protobuf.message(2, setting(value)))
  )
  return named(
    "_hparams_/session_start_info",
    Protobuf.message(8, Protobuf.whole(1, types.float), vector()),
    plugin("hparams", Protobuf.message(3, ...entries, Protobuf.double(5, time)))
  )
}

const event = ({ time, step }: At, what: Protobuf.Field): Event =>
  Protobuf.join([Protobuf.double(1, time), Protobuf.whole(2, step), what])

const named = (tag: string, ...fields: ReadonlyArray<Protobuf.Field>): Value =>
  Protobuf.message(1, Protobuf.string(1, tag), ...fields)

/** The TensorBoard plugin that shows a value, and the plugin's own data. */
const plugin = (name: string, content?: Uint8Array): Protobuf.Field =>
  Protobuf.message(
    9,
    Protobuf.message(1, Protobuf.string(1, name), ...(content === undefined ? [] : [Protobuf.bytes(2, content)]))
  )

const types = { float: 1, string: 7 }

/** The shape of a vector; one without a size is empty. */
const vector = (...size: ReadonlyArray<Protobuf.Field>): Protobuf.Field => Protobuf.message(2, Protobuf.message(2, ...size))

const setting = (value: string | number | boolean): Protobuf.Field =>
  typeof value === "number"
    ? Protobuf.double(2, value)
    : typeof value === "string"
      ? Protobuf.string(3, value)
      : Protobuf.whole(4, value ? 1 : 0)
