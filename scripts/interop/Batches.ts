/** Random batches for each task: rows of several lengths, padded on one side, with labels that do not all count. */
import { HostTensor } from "../../src/nn.ts"
import type { Transformers } from "../../src/transformers.ts"
import type { Draw } from "./Draw.ts"
import type { Task } from "./Families.ts"

type Rows = ReadonlyArray<ReadonlyArray<number>>

export const make = (draw: Draw, task: Task, config: Transformers.Config): HostTensor.HostTensors => {
  const rows = draw.whole("rows", 1, 3)
  const text = padded(draw, "text", { rows, most: 16, left: task === "next" && draw.chance("left"), config })
  return {
    ...tensors({ input_ids: text.ids, ...draw.maybe("mask given", { attention_mask: text.mask }) }),
    ...(task === "pairs" || task === "next" ? {} : segments(draw, text.ids, config)),
    ...labels(draw, task, text, config)
  }
}

/** Segments are there for some, in families that have them. */
const segments = (draw: Draw, ids: Rows, config: Transformers.Config): HostTensor.HostTensors => {
  if (config.hidden_size === undefined || !draw.chance("segments in the batch")) return {}
  const kinds = Number(config.type_vocab_size ?? 2)
  return tensors({ token_type_ids: ids.map((row, r) => row.map((_, i) => draw.whole(`segment ${r} ${i}`, 0, kinds - 1))) })
}

const labels = (draw: Draw, task: Task, text: Padded, config: Transformers.Config): HostTensor.HostTensors => {
  const classes = Number(config.num_labels)
  const each = (name: string, of: (at: string) => number): Rows =>
    text.mask.map((row, r) =>
      row.map((real, i) => {
        // The last token of the first row always counts, on whichever side the padding is.
        const sure = r === 0 && i === row.lastIndexOf(1)
        return real === 1 && (sure || draw.chance(`${name} counts ${r} ${i}`, 0.8)) ? of(`${name} ${r} ${i}`) : -100
      })
    )
  const vocabulary = Number(config.vocab_size)
  switch (task) {
    case "sequence": {
      const problem = config.problem_type ?? (classes === 1 ? "regression" : "single_label_classification")
      if (problem === "single_label_classification")
        return {
          labels: HostTensor.fromArray(
            text.ids.map((_, r) => draw.whole(`class ${r}`, 0, classes - 1)),
            "int32"
          )
        }
      const values = text.ids.map((_, r) =>
        Array.from({ length: classes }, (_, c) =>
          problem === "regression" ? draw.whole(`value ${r} ${c}`, -20, 20) / 10 : draw.whole(`has ${r} ${c}`, 0, 1)
        )
      )
      return { labels: HostTensor.fromArray(classes === 1 && problem === "regression" ? values.flat() : values) }
    }
    case "token":
      return tensors({ labels: each("label", (at) => draw.whole(at, 0, classes - 1)) })
    case "answer": {
      const place = (name: string) =>
        HostTensor.fromArray(
          text.ids.map((row, r) => draw.whole(`${name} ${r}`, 0, row.length - (r === 0 ? 1 : 0))),
          "int32"
        )
      return { start_positions: place("start"), end_positions: place("end") }
    }
    case "words":
      return tensors({ labels: each("word", (at) => draw.whole(at, 0, vocabulary - 1)) })
    case "next": {
      const own = each("next", () => 0)
      // The first token after padding has no context, for which the attention implementations of Python differ.
      const predictable = (r: number, i: number) => text.mask[r]![i - 1] === 1
      return tensors({
        labels: own.map((row, r) => row.map((label, i) => (label === -100 || !predictable(r, i) ? -100 : text.ids[r]![i]!)))
      })
    }
    case "pairs": {
      const target = padded(draw, "target", { rows: text.ids.length, most: 9, left: false, config })
      return tensors({
        labels: target.ids.map((row, r) => row.map((token, i) => (target.mask[r]![i] === 1 ? token : -100))),
        ...(draw.chance("decoder inputs given", 0.3)
          ? { decoder_input_ids: target.ids, decoder_attention_mask: target.mask }
          : {})
      })
    }
  }
}

interface Padded {
  readonly ids: Rows
  readonly mask: Rows
}

const padded = (
  draw: Draw,
  name: string,
  options: { readonly rows: number; readonly most: number; readonly left: boolean; readonly config: Transformers.Config }
): Padded => {
  const { rows, most, left, config } = options
  const length = draw.whole(`${name} length`, 3, most)
  const reals = Array.from({ length: rows }, (_, r) => (r === 0 ? length : draw.whole(`${name} length ${r}`, 2, length)))
  const side = (real: number, i: number) => (left ? i >= length - real : i < real)
  const mask = reals.map((real) => Array.from({ length }, (_, i) => (side(real, i) ? 1 : 0)))
  const pad = Number(config.pad_token_id ?? 0)
  const token = (r: number, i: number) => draw.whole(`${name} token ${r} ${i}`, 0, Number(config.vocab_size) - 1)
  return { mask, ids: mask.map((row, r) => row.map((real, i) => (real === 1 ? token(r, i) : pad))) }
}

const tensors = (columns: Readonly<Record<string, Rows>>): HostTensor.HostTensors =>
  Object.fromEntries(Object.entries(columns).map(([name, rows]) => [name, HostTensor.fromArray(rows, "int32")]))
