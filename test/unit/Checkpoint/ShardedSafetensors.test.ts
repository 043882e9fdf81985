import * as NodeServices from "@effect/platform-node/NodeServices"
import { expect, layer } from "@effect/vitest"
import { Effect, FileSystem, type Path } from "effect"
import * as ShardedSafetensors from "../../../src/Checkpoint/ShardedSafetensors.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Safetensors from "../../../src/Tensor/Safetensors.ts"
import * as Index from "../../../src/Tensor/SafetensorsIndex.ts"

const all = {
  "embed.weight": HostTensor.fromArray([
    [1.5, -2],
    [0.25, 4]
  ]),
  "embed.ids": HostTensor.fromArray([3, -1], "int32"),
  mask: HostTensor.fromArray([1, 0, 1], "bool"),
  "head.bias": HostTensor.fromArray([0.5]),
  none: HostTensor.zeros([0, 3])
}

const inFolder = <A, E>(f: (folder: string) => Effect.Effect<A, E, FileSystem.FileSystem | Path.Path>) =>
  Effect.scoped(
    Effect.flatMap(
      FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()),
      f
    )
  )

const files = (folder: string) => FileSystem.FileSystem.use((fs) => Effect.map(fs.readDirectory(folder), (names) => names.sort()))

layer(NodeServices.layer)("ShardedSafetensors", (it) => {
  it.effect("one file is what encode gives, and comes back", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* ShardedSafetensors.save(folder, all, { metadata: { format: "pt" } })
        expect(yield* files(folder)).toEqual(["model.safetensors"])
        expect(new Uint8Array(yield* fs.readFile(`${folder}/model.safetensors`))).toEqual(
          Safetensors.encode(all, { metadata: { format: "pt" } })
        )
        expect(yield* ShardedSafetensors.load(folder)).toEqual({ tensors: all, stored: {} })
        expect(Object.keys((yield* ShardedSafetensors.load(folder, (name) => name.startsWith("embed"))).tensors).sort()).toEqual([
          "embed.ids",
          "embed.weight"
        ])
      })
    )
  )

  it.effect("several files with an index come back, in the formats they were stored in, and byte for byte again", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const stored = { "embed.weight": "BF16", "embed.ids": "I64", "head.bias": "F16" } as const
        const contents = Effect.flatMap(files(folder), (names) =>
          Effect.forEach(names, (name) =>
            Effect.map(fs.readFile(`${folder}/${name}`), (bytes) => [name, Buffer.from(bytes).toString("hex")])
          )
        )
        yield* ShardedSafetensors.save(folder, all, { stored, maxShardBytes: 10 })
        expect(yield* files(folder)).toEqual([
          ...[1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
          "model.safetensors.index.json"
        ])
        const index = yield* fs.readFileString(`${folder}/model.safetensors.index.json`)
        expect(JSON.parse(index).metadata.total_size).toBe(8 + 16 + 3 + 2)
        const first = yield* contents
        const loaded = yield* ShardedSafetensors.load(folder)
        expect(loaded).toEqual({ tensors: all, stored })
        const again = Object.fromEntries(Object.keys(all).map((name) => [name, loaded.tensors[name]!]))
        yield* ShardedSafetensors.save(folder, again, { stored: loaded.stored, maxShardBytes: 10 })
        expect(yield* contents).toEqual(first)
        yield* ShardedSafetensors.save(folder, { w: all.mask })
        expect((yield* ShardedSafetensors.load(folder)).tensors).toEqual({ w: all.mask })
      })
    )
  )

  it.effect("damaged files and indexes are typed errors", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const failure = Effect.map(Effect.flip(ShardedSafetensors.load(folder)), (error) => `${error._tag}: ${error.message}`)
        expect(yield* failure).toMatch(/^PlatformError: /)
        const bytes = Safetensors.encode(all)
        for (const [damaged, message] of [
          [bytes.slice(0, 5), /expected at least 8 bytes, but it has 5/],
          [bytes.slice(0, 40), /claims \d+ bytes/],
          [bytes.slice(0, -1), /ends at byte/],
          [new Uint8Array([...bytes, 0]), /1 bytes at the end/]
        ] as const) {
          yield* fs.writeFile(`${folder}/model.safetensors`, damaged)
          expect(yield* failure).toMatch(message)
        }
        yield* fs.remove(`${folder}/model.safetensors`)
        yield* fs.writeFile(`${folder}/a.safetensors`, bytes)
        for (const [map, message] of [
          [{ w: "../a.safetensors" }, /tensor w: "..\/a.safetensors" in the index is not a file name/],
          [{ w: "/etc/passwd" }, /in the index is not a file name/],
          [{ w: 3 }, /in the index is not a file name/],
          [{ w: "a.safetensors" }, /tensor w: the index promises it/],
          [[], /no weight_map/]
        ] as const) {
          yield* fs.writeFileString(`${folder}/model.safetensors.index.json`, JSON.stringify({ weight_map: map }))
          expect(yield* failure).toMatch(message)
        }
        yield* fs.writeFileString(`${folder}/model.safetensors.index.json`, "{")
        expect(yield* failure).toMatch(/index is not JSON/)
      })
    )
  )

  it.effect("a save that cannot be leaves what was there", () =>
    inFolder((folder) =>
      Effect.gen(function* () {
        yield* ShardedSafetensors.save(folder, all)
        const wide = { w: HostTensor.fromArray([300], "int32") }
        const error = yield* Effect.flip(ShardedSafetensors.save(folder, wide, { stored: { w: "U8" } }))
        expect(error._tag).toBe("OutOfRange")
        expect((yield* ShardedSafetensors.load(folder)).tensors).toEqual(all)
      })
    )
  )

  it.effect("an index is read back, with names that are traps", () =>
    Effect.sync(() => {
      const shards = new Map([["model-00001-of-00001.safetensors", ["a", "constructor"]]])
      expect(Index.parse(Index.render(shards, 1))).toEqual(shards)
    })
  )
})
