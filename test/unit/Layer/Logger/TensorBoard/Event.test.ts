/** Events beside the bytes that TensorBoard's own code writes of them: recorded by scripts/record-tensorboard.py. */
import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import * as Crc32c from "../../../../../src/Layer/Logger/TensorBoard/Crc32c.ts"
import * as Event from "../../../../../src/Layer/Logger/TensorBoard/Event.ts"
import * as Protobuf from "../../../../../src/Layer/Logger/TensorBoard/Protobuf.ts"
import * as TfRecord from "../../../../../src/Layer/Logger/TensorBoard/TfRecord.ts"

const recorded: Record<string, string> = JSON.parse(readFileSync(new URL("recorded.json", import.meta.url), "utf8"))
const time = 1700000000.25
const at = { time, step: 7 }

it.each([
  ["version", Event.version(time)],
  ["scalars", Event.summary({ time, step: 300 }, [Event.scalar("train/loss", 0.1), Event.scalar("train/grad_norm", Infinity)])],
  ["far", Event.summary({ time, step: Number.MAX_SAFE_INTEGER }, [Event.scalar("train/loss", -Infinity)])],
  ["text", Event.summary(at, [Event.text("log", "größer → 日本")])],
  [
    "image",
    Event.summary(at, [
      Event.image("eval/confusion_matrix", { width: 300, height: 2, png: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) })
    ])
  ],
  ["histogram", Event.summary(at, [Event.histogram("train/weights", [-1, 0, 1.25, 2.5], [4, 3, 2])])],
  ["settings", Event.summary(at, [Event.settings({ a: 5e-5, b: "cosine", c: false }, time)])],
  ["restart", Event.restart({ time, step: 128 })]
])("%s", (name, event) => {
  expect(Buffer.from(TfRecord.frame(event)).toString("hex")).toBe(recorded[name])
})

it("knows the checksums of RFC 3720, and CRC-32C's own check", () => {
  const run = Uint8Array.from({ length: 32 }, (_, i) => i)
  expect(Crc32c.make(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(Crc32c.make(new Uint8Array(32).fill(255))).toBe(0x62a8ab43)
  expect(Crc32c.make(run)).toBe(0x46dd794e)
  expect(Crc32c.make(run.toReversed())).toBe(0x113fdb5c)
  expect(Crc32c.make(Buffer.from("123456789"))).toBe(0xe3069283)
  expect(Crc32c.make(new Uint8Array(0))).toBe(0)
})

it("writes half a surrogate pair as what it is not, so that readers accept the text", () => {
  expect(Protobuf.string(1, "a\ud800")).toEqual(Protobuf.string(1, "a\ufffd"))
})
