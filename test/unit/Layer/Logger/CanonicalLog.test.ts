import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { canonical } from "../../../../src/Layer/Logger/CanonicalLog.ts"
import { arbitrary, evaluation, figure, summary, text, train } from "../../../../src/Testing/SampleEntries.ts"

const steps = Array.from({ length: 10 }, (_, i) => i + 1)
/** A run from one step to another: each step logs, every third evaluates two sets. */
const run = (from: number, to: number, attempt: number) =>
  steps
    .filter((step) => step > from && step <= to)
    .flatMap((step) => [
      train(step, 1 / step, attempt),
      ...(step % 3 === 0 ? [evaluation(step, 2 / step, "eval_a", attempt), evaluation(step, 3 / step, "eval_b", attempt)] : [])
    ])

describe("canonical", () => {
  it("omits interruptions and what was logged after the last save", () => {
    const cut = fc.record({ saved: fc.nat(10), lost: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(cut, { maxLength: 4 }), (cuts) => {
        const ordered = cuts.toSorted((a, b) => a.saved - b.saved)
        let from = 0
        const log = ordered.flatMap(({ saved, lost }, i) => {
          const entries = run(from, saved + lost, i + 1)
          from = saved
          return entries
        })
        const all = [...log, ...run(from, 10, cuts.length + 1)]
        expect(canonical(all)).toStrictEqual(canonical(run(0, 10, 1)))
      }),
      { numRuns: 300 }
    )
  })

  it("is idempotent, and keeps the order of what stands at one step", () => {
    fc.assert(
      fc.property(fc.array(arbitrary), (entries) => {
        const once = canonical(entries)
        expect(canonical(once)).toStrictEqual(once)
        expect(once.map((entry) => entry.step)).toStrictEqual(once.map((entry) => entry.step).toSorted((a, b) => a - b))
      }),
      { numRuns: 200 }
    )
  })

  it("has one Config entry of a run, with the configuration of its last attempt", () => {
    const config = (attempt: number, more: object = {}) =>
      ({ _tag: "Config", run: "a", attempt, step: 2 * (attempt - 1), epoch: 0, config: { attempt }, ...more }) as const
    const log = [config(1), ...run(0, 3, 1), config(2, { historyLength: 2 }), ...run(2, 6, 2), config(3, { historyLength: 6 })]
    const entries = canonical(log.map((entry) => ({ ...entry, run: "a" })))
    const configs = entries.filter(({ _tag }) => _tag === "Config")
    expect(configs).toStrictEqual([{ ...config(1), config: { attempt: 3 } }])
  })

  it("leaves out the wall clock and the attempt, and nothing else", () => {
    expect(canonical([{ ...evaluation(3, 0.5), attempt: 4 }])).toStrictEqual([{ ...evaluation(3, 0.5), clock: {} }])
  })

  it("lets an attempt replace only what it logged itself", () => {
    const log = [
      evaluation(1, 1, "eval_a"),
      evaluation(1, 1, "eval_b"),
      figure(1, "x"),
      { ...figure(1, "y"), attempt: 2 },
      evaluation(1, 2, "eval_b", 2)
    ]
    expect(canonical(log).map((entry) => (entry._tag === "Scalars" ? entry.values : entry._tag))).toStrictEqual([
      { eval_a_loss: 1, eval_a_accuracy: 0.5 },
      "Figure",
      "Figure",
      { eval_b_loss: 2, eval_b_accuracy: 0.5 }
    ])
  })

  it("keeps several texts and figures of one step", () => {
    const log = [text(1, "a"), text(1, "b"), figure(1, "x"), figure(1, "y"), summary(2)]
    expect(canonical(log)).toHaveLength(5)
  })
})
