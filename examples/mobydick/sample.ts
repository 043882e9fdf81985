/** Prints what a model writes: `node examples/mobydick/sample.ts runs/mobydick "Call me"`. */
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Console, Effect, Layer } from "effect"
import { Device } from "regimen"
import { HostTensor, Key } from "regimen/nn"
import { Generation, Pretrained, Tokenizer } from "regimen/transformers"
import { tokenizer } from "./data.ts"

const [folder = "runs/mobydick", prompt = "The whale "] = process.argv.slice(2)
const newest = readdirSync(folder)
  .flatMap((name) => /^checkpoint-(\d+)$/.exec(name)?.[1] ?? [])
  .reduce((top, step) => Math.max(top, Number(step)), 0)

const program = Effect.gen(function* () {
  const device = yield* Device.Device
  const { model } = yield* Pretrained.load(join(folder, `checkpoint-${newest}`))
  const parameters = yield* device.put(model.init(Key.make(0)))
  const { input_ids } = Tokenizer.encode(tokenizer, prompt, { specialTokens: false })
  const { sequences } = yield* Generation.generate({
    model,
    weights: { parameters, buffers: {} },
    batch: { input_ids: HostTensor.fromArray([input_ids], "int32") },
    settings: { doSample: true, temperature: 0.7, topK: 20, maxLength: 128, padTokenId: tokenizer.special.pad ?? 0 },
    key: Key.make(1)
  })
  yield* Console.log(Tokenizer.decode(tokenizer, Array.from(sequences.data)))
})

await Effect.runPromise(program.pipe(Effect.provide(Layer.merge(Device.wasm, NodeServices.layer))))
