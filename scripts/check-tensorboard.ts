/**
 * Writes a run with `Logger.tensorboard`, reads it with the real TensorBoard, and compares. It needs Python 3 and the network: TensorBoard is
 * installed into a temporary folder that is removed in the end. `bin/dev check:tensorboard`; not a part of CI, which compares bytes.
 */
import assert from "node:assert/strict"
import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { Logger } from "../src/index.ts"
import { Figure } from "../src/metrics.ts"

const root = mkdtempSync(join(tmpdir(), "regimen-tensorboard-"))
const folder = join(root, "run")

/** One attempt at a run. */
const write = (entries: ReadonlyArray<Logger.Entry>): Promise<void> =>
  Effect.runPromise(
    Effect.flatMap(Logger.Logger, (logger) => Effect.forEach(entries, logger.log, { discard: true })).pipe(
      Effect.provide(Logger.tensorboard(folder)),
      Effect.provide(NodeServices.layer)
    )
  )

const at = (step: number, attempt: number) => ({ run: "check", attempt, step, epoch: step / 16 })
const train = (step: number, attempt: number, loss: number): Logger.Entry => ({
  _tag: "Scalars",
  ...at(step, attempt),
  kind: "train",
  values: { loss },
  clock: {}
})

const before = Date.now() / 1000
await write([
  { _tag: "Config", ...at(0, 1), config: { learning_rate: 0.5, scheduler: "cosine", bf16: false, betas: [0.9, 0.999] } },
  train(4, 1, 2.5),
  train(8, 1, 1.5),
  train(12, 1, Number.NaN)
])
await write([
  { _tag: "Config", ...at(8, 2), config: { learning_rate: 0.5 } },
  train(12, 2, 0.25),
  { _tag: "Text", ...at(12, 2), text: "größer → 日本" },
  { _tag: "Scalars", ...at(16, 2), kind: "eval", set: "eval", values: { eval_loss: Infinity }, clock: { eval_runtime: 1.5 } },
  {
    _tag: "Figure",
    ...at(16, 2),
    name: "eval_confusion_matrix",
    figure: {
      _tag: "Matrix",
      rows: "label",
      columns: "prediction",
      labels: ["a", "b|c"],
      values: [
        [3, 1],
        [0, 4]
      ]
    }
  },
  { _tag: "Figure", ...at(16, 2), name: "loss", figure: { _tag: "Lines", x: "step", y: "loss", series: { train: [[4, 2.5]] } } },
  { _tag: "Figure", ...at(16, 2), name: "weights", figure: Figure.histogram("weight", [0, 1, 1, 2, 4], { bins: 2 }) },
  { _tag: "Scalars", ...at(16, 2), kind: "summary", values: { train_loss: 1 }, clock: { train_runtime: 65 } }
])

try {
  const python = join(root, "venv/bin/python")
  execFileSync("python3", ["-m", "venv", join(root, "venv")], { stdio: "inherit" })
  execFileSync(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "tensorboard"], { stdio: "inherit" })
  const reader = join(import.meta.dirname, "read-tensorboard.py")
  const { times, ...found } = JSON.parse(execFileSync(python, [reader, folder], { encoding: "utf8" }))
  assert.deepEqual(found, {
    scalars: {
      "train/loss": [
        [4, "2.5"],
        [8, "1.5"],
        [12, "0.25"]
      ],
      "train/epoch": [4, 8, 12, 16, 16].map((step) => [step, String(step / 16).replace(/^\d+$/, "$&.0")]),
      "eval/loss": [[16, "inf"]],
      "eval/runtime": [[16, "1.5"]],
      "train/train_loss": [[16, "1.0"]],
      "train/train_runtime": [[16, "65.0"]]
    },
    texts: {
      "args/text_summary": [
        [
          0,
          '```json\n{\n  "learning_rate": 0.5,\n  "scheduler": "cosine",\n  "bf16": false,\n  "betas": [\n    0.9,\n    0.999\n  ]\n}\n```'
        ],
        [8, '```json\n{\n  "learning_rate": 0.5\n}\n```']
      ],
      "log/text_summary": [[12, "größer → 日本"]],
      "eval/confusion_matrix/text_summary": [
        [16, "| label \\ prediction | a | b\\|c |\n| --- | --- | --- |\n| **a** | 3 | 1 |\n| **b\\|c** | 0 | 4 |"]
      ],
      "train/loss/text_summary": [[16, "| step | train |\n| --- | --- |\n| 4 | 2.500 |"]]
    },
    images: { "eval/confusion_matrix": [[16, 48, 48, "image/png"]] },
    histograms: { "train/weights": [[16, 0, 4, 5, [2, 4], [3, 2]]] },
    settings: { learning_rate: 0.5, scheduler: "cosine", bf16: false, betas: "[0.9,0.999]" }
  })
  assert.ok(times.every((time: number) => time >= before && time <= Date.now() / 1000))
  console.log("TensorBoard reads what was written.")
} finally {
  rmSync(root, { recursive: true })
}
