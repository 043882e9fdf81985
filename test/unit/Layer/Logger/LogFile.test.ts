import { describe, expect, it } from "@effect/vitest"
import * as LogFile from "../../../../src/Layer/Logger/LogFile.ts"
import type { Config, Entry } from "../../../../src/Layer/Logger/Logger.ts"

const stamp = (step: number) => ({ run: "a", attempt: 1, step, epoch: 0 })
const scalars = (step: number): Entry => ({ _tag: "Scalars", ...stamp(step), kind: "train", values: {}, clock: {} })
const text = (step: number): Entry => ({ _tag: "Text", ...stamp(step), text: "" })
const config = (step: number, historyLength?: number): Config => ({
  _tag: "Config",
  ...stamp(step),
  config: {},
  ...(historyLength === undefined ? {} : { historyLength })
})
const remaining = (entries: ReadonlyArray<Entry>, resumed: Config) =>
  LogFile.truncated(entries.map(LogFile.make), resumed).map(({ entry }) => `${entry?._tag} ${entry?.step}`)

describe("truncated", () => {
  it("keeps the scalars that the attempt resumes from, other runs, configurations and lines that are no entries", () => {
    const other = { ...scalars(9), run: "b" }
    const entries = [config(0), scalars(1), text(1), scalars(2), text(2), scalars(3), other]
    expect(remaining(entries, config(2, 2))).toEqual(["Config 0", "Scalars 1", "Text 1", "Scalars 2", "Scalars 9"])
    const foreign = LogFile.parse('# mine\n{"kind":"train","run":"a","step":5}\nnot compl')
    expect(foreign.map(({ text }) => text)).toEqual(["# mine", '{"kind":"train","run":"a","step":5}'])
    expect(LogFile.truncated(foreign, config(4, 0)).map(({ text }) => text)).toEqual(["# mine"])
  })

  it("counts from what earlier attempts resumed from where their lines are in another file", () => {
    const entries = [config(8, 4), scalars(10), scalars(12), scalars(14)]
    expect(remaining(entries, config(11, 5))).toEqual(["Config 8", "Scalars 10"])
    expect(remaining([...entries.slice(0, 2), config(11, 5), scalars(12)], config(12, 6))).toHaveLength(4)
  })

  it("keeps a training when another starts from scratch, but not an attempt before its first update", () => {
    expect(remaining([config(0), scalars(0), scalars(1)], config(0, 0))).toHaveLength(3)
    expect(remaining([config(0), scalars(0), text(0)], config(0, 0))).toEqual(["Config 0"])
  })
})
