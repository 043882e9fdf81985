import { NodeServices } from "@effect/platform-node"
import { Effect, FileSystem, Layer } from "effect"
import { layer as huggingFace } from "../../src/Layer/Hub/Hub.ts"
import * as Memory from "../../src/Layer/Hub/Memory.ts"
import { serve } from "../support/hubServer.ts"
import { files, suite } from "./Hub.ts"

const served = Layer.unwrap(
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { endpoint } = yield* serve({ "me/model": { files } })
    return huggingFace({ endpoint, cache: yield* fs.makeTempDirectoryScoped(), token: "hf_right", offline: false })
  })
)

suite("memory", Memory.layer({ "me/model": files }))
suite("Hugging Face", served.pipe(Layer.provide(NodeServices.layer)))
