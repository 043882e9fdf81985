/** The convolutions of MobileNetV2 with weights that know photographs, as the npm package `nsfwjs` ships them (MIT). */
import { createRequire } from "node:module"
import { join } from "node:path"
import "@tensorflow/tfjs-backend-cpu"
import { type LayersModel, loadLayersModel } from "@tensorflow/tfjs-layers"
import { tf } from "regimen"
import { fetchPackage } from "../data/npm.ts"

const require = createRequire(import.meta.url)
const folder = join(fetchPackage("nsfwjs@4.4.0"), "dist/models/mobilenet_v2")
const { modelTopology, weightsManifest } = require(join(folder, "model.min.js")) as {
  readonly modelTopology: { readonly model_config: { readonly class_name: string; readonly config: Config } }
  readonly weightsManifest: readonly [{ readonly weights: Array<tf.io.WeightsManifestEntry> }]
}
const weights = Buffer.from(require(join(folder, "group1-shard1of1.min.js")) as string, "base64")

interface Config {
  readonly layers: ReadonlyArray<{ readonly name: string; readonly config: object }>
}

/**
 * Loads them for square images; without the layers after the last convolution. `momentum` is the decay of the statistics of batch normalization at a
 * step: the 0.999 of the file hardly changes them in a short run. **Unit**: pixels.
 */
export const load = (size: number, momentum: number): Promise<LayersModel> => {
  tf.enableProdMode() // it prints a greeting otherwise
  const { class_name, config } = modelTopology.model_config
  const end = config.layers.findIndex(({ name }) => name === "out_relu")
  const layers = config.layers.slice(0, end + 1).map((layer) => {
    const { config } = layer
    if ("batch_input_shape" in config) return { ...layer, config: { ...config, batch_input_shape: [null, size, size, 3] } }
    return "momentum" in config ? { ...layer, config: { ...config, momentum } } : layer
  })
  const files = {
    modelTopology: { model_config: { class_name, config: { ...config, layers, output_layers: [["out_relu", 0, 0]] } } },
    weightSpecs: weightsManifest[0].weights,
    weightData: Uint8Array.from(weights).buffer
  }
  return loadLayersModel(tf.io.fromMemory(files), { strict: false }) // not all weights are asked for
}
