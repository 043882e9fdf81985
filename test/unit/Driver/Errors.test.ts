/** The messages of errors whose wording depends on their data. */
import { expect, it } from "@effect/vitest"
import * as Errors from "../../../src/Driver/Errors.ts"
import * as NonFinite from "../../../src/Driver/NonFinite.ts"

const tensors = (count: number) => Array.from({ length: count }, (_, i) => `t${i}.`)
const nonFinite = (count: number, kernel?: string) =>
  new Errors.NonFiniteTensor({ step: 4, frames: [], tensors: tensors(count), ...(kernel === undefined ? {} : { kernel }) })
    .message
const tooLarge = (rows: number) =>
  new Errors.BatchTooLarge({ rows, device: "cpu", during: "step 3", reason: "out of memory" }).message

it("lists at most 12 non-finite tensors, and counts the rest", () => {
  const twelve = tensors(12).join(", ")
  expect(nonFinite(2)).toMatch(/^NaN or infinite before step 4: t0\., t1\.\. Look for bad values/)
  expect(nonFinite(12)).toContain(`step 4: ${twelve}. Look`)
  expect(nonFinite(15)).toContain(`step 4: ${twelve}, 3 more. Look`)
})

it("names the kernel that gave NaN, and the tensors after it if there are any", () => {
  expect(nonFinite(0, "Log")).toMatch(/^The kernel Log gave NaN or infinity in step 4\./)
  expect(nonFinite(0, "Log")).not.toContain("after it")
  expect(nonFinite(1, "Log")).toMatch(/\nNaN or infinite after it: t0\.$/)
})

it("gives advice for a batch that does not fit, by its number of rows", () => {
  expect(tooLarge(1)).toBe(
    "A micro-batch of one row does not fit into the memory of device cpu. Use shorter rows, a smaller model, or a device with more memory. In step 3: out of memory"
  )
  expect(tooLarge(2)).toMatch(
    /^A micro-batch of 2 rows does .*start anew with a lower per_device_train_batch_size\. In step 3: out/
  )
})

it("names what failed, where, and why", () => {
  const reason = "no"
  expect(new Errors.ObserverFailed({ event: "Saved", reason }).message).toBe("The observer of Saved failed: no")
  expect(new Errors.LoaderFailed({ epoch: 1, batch: 2, reason }).message).toContain("micro-batch 2 of epoch 1: no")
  expect(new Errors.EvaluationFailed({ set: "eval", step: 3, reason }).message).toContain('"eval" after step 3 failed: no')
  expect(new Errors.EventsInUse().message).toContain("Stream.broadcast")
  expect(new Errors.RunClosed().message).toContain("The run is closed")
})

it("counts the non-finite updates of a warning", () => {
  expect(NonFinite.warning("skip", 3, 1)).toMatch(/^An update up to step 3 had/)
  expect(NonFinite.warning("skip", 3, 2)).toMatch(/^2 updates up to step 3 had/)
})
