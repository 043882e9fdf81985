import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import * as Results from "../../../src/Format/Results.ts"

interface Golden {
  readonly metrics_format: ReadonlyArray<{ readonly in: Results.Results; readonly out: Results.Results }>
  readonly log_metrics_stdout: ReadonlyArray<string>
  readonly save_metrics_files: Readonly<Record<"train_results.json" | "eval_results.json", Results.Results>>
}
const golden = JSON.parse(readFileSync(new URL("../../golden/metrics_naming.json", import.meta.url), "utf8")) as Golden

it.each(golden.metrics_format)("formats $in", ({ in: given, out }) => {
  expect(Results.format(given)).toEqual(out)
})

it("prints the same text as the Trainer", () => {
  const { "train_results.json": train, "eval_results.json": evaluation } = golden.save_metrics_files
  const lines = `${Results.render("train", train)}${Results.render("eval", evaluation)}`.split("\n")
  expect(lines).toEqual(golden.log_metrics_stdout)
})

it("truncates hundredths, counts days and formats negative durations as Python does", () => {
  const shown = (seconds: number) => Object.values(Results.format({ x_runtime: seconds }))[0]
  expect([0.999, -0.5, -1.25, 86400, 172800.999, 8640001].map(shown)).toEqual([
    "0:00:00.99",
    "0:00:00.50",
    "-1 day, 23:59:59.25",
    "1 day, 0:00:00.00",
    "2 days, 0:00:00.99",
    "100 days, 0:00:01.00"
  ])
})

it("formats memory before runtime", () => {
  expect(Results.format({ a_mem_b_runtime: 2 ** 20 })).toEqual({ a_mem_b_runtime: "1MB" })
  expect(Results.format({ my_total_flos: 2 ** 31 })).toEqual({ my_total_flos: 2 ** 31 })
})

it("formats counts without a point, non-finite numbers as Python does, and no metrics as a title", () => {
  expect(Results.render("test", { test_samples: 7, test_loss: NaN, test_runtime: Infinity, note: "text" })).toBe(
    [
      "***** test metrics *****",
      "  note         = text",
      "  test_loss    =  nan",
      "  test_runtime =  inf",
      "  test_samples =    7",
      ""
    ].join("\n")
  )
  expect(Results.render("test", {})).toBe("***** test metrics *****\n")
})
