import { NodeServices } from "@effect/platform-node"
import { describe, expect, it } from "@effect/vitest"
import { Config, ConfigProvider, Effect, FileSystem, Layer } from "effect"
import * as Loggers from "../../../../src/Layer/Logger/Loggers.ts"
import { oneOfEach } from "../../../../src/Testing/SampleEntries.ts"

const name = "LOG_PATH"
const layers = {
  jsonlConfig: { make: Loggers.jsonlConfig, file: "out" },
  figuresConfig: { make: Loggers.figuresConfig, file: "out/loss.svg" },
  tensorboardConfig: { make: Loggers.tensorboardConfig, file: "out" }
}

describe.each(Object.entries(layers))("Logger.%s", (_name, { file, make }) => {
  const write = (environment: Readonly<Record<string, string>>) =>
    Effect.gen(function* () {
      const logger = yield* Loggers.Logger
      yield* Effect.forEach(oneOfEach, logger.log)
    }).pipe(
      Effect.provide(
        Layer.provide(make(Config.NonEmptyString(name)), ConfigProvider.layer(ConfigProvider.fromUnknown(environment)))
      )
    )

  it.effect("writes to the configured path", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.makeTempDirectoryScoped()
      yield* write({ [name]: `${folder}/out` })
      expect(yield* fs.exists(`${folder}/${file}`)).toBe(true)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("fails with a ConfigError that names the missing variable", () =>
    Effect.gen(function* () {
      const failure = yield* Effect.flip(write({}))
      expect(failure).toBeInstanceOf(Config.ConfigError)
      expect(failure.message).toContain(name)
    }).pipe(Effect.provide(NodeServices.layer))
  )
})
