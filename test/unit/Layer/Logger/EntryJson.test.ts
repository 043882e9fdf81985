import { Effect } from "effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as EntryJson from "../../../../src/Layer/Logger/EntryJson.ts"
import { arbitrary, config, train } from "../../../../src/Testing/SampleEntries.ts"

const read = (line: string) => Effect.runSync(EntryJson.decode(line))

describe("EntryJson", () => {
  it("decode(encode(entry)) is the entry, and the line is JSON on one line", () => {
    fc.assert(
      fc.property(arbitrary, (entry) => {
        const line = EntryJson.encode(entry)
        expect(line).not.toContain("\n")
        expect(typeof JSON.parse(line)).toBe("object")
        if (entry._tag !== "Config") expect(read(line)).toStrictEqual(entry)
        else expect(JSON.stringify(read(line))).toBe(JSON.stringify(entry))
      }),
      { numRuns: 400 }
    )
  })

  it("has the fields that a reader in another language looks for", () => {
    expect(JSON.parse(EntryJson.encode(train(10, NaN)))).toStrictEqual({
      run: "run",
      attempt: 1,
      step: 10,
      epoch: 0.1,
      kind: "train",
      values: { loss: "NaN", learning_rate: 5e-5 },
      clock: {}
    })
  })

  it("takes any config there is", () => {
    const settings: Record<string, unknown> = {
      f: () => 1,
      n: NaN,
      big: 10n,
      when: new Date(0),
      u: undefined,
      list: [undefined, -Infinity]
    }
    settings.self = settings
    expect(JSON.parse(EntryJson.encode(config(settings))).config).toStrictEqual({
      n: "NaN",
      big: "10",
      when: "1970-01-01T00:00:00.000Z",
      list: [null, "-Infinity"],
      self: "[circular]"
    })
  })

  it.each(["", "{", "[]", '{"run":"a"}', '{"run":"a","attempt":1,"step":1.5,"epoch":0,"kind":"text","text":""}'])(
    "refuses %j",
    (line) => expect(Effect.runSync(Effect.isSuccess(EntryJson.decode(line)))).toBe(false)
  )
})
