import { inflateSync } from "node:zlib"
import { expect, it } from "vitest"
import * as HeatMap from "../../../../../src/Layer/Logger/TensorBoard/HeatMap.ts"
import * as Png from "../../../../../src/Layer/Logger/TensorBoard/Png.ts"

const matrix = (values: ReadonlyArray<ReadonlyArray<number>>) =>
  ({ _tag: "Matrix", rows: "label", columns: "prediction", labels: [], values }) as const
const [paper, deep, white] = [
  [241, 245, 250],
  [8, 69, 130],
  [255, 255, 255]
]

it("colours each cell by its share of the row; what is no share is paper, and where there is no cell it is white", () => {
  const image = HeatMap.paint(matrix([[-3, 9], [Number.NaN, 9], [Infinity]]))!
  expect(image).toMatchObject({ width: 48, height: 72 })
  const colours = [0, 1, 2].map((i) =>
    [0, 1].map((j) => {
      const corners = [0, 23].flatMap((y) => [0, 23].map((x) => 3 * ((24 * i + y) * 48 + 24 * j + x)))
      const each = corners.map((at) => [...image.pixels.subarray(at, at + 3)])
      expect(each).toEqual(each.map(() => each[0]))
      return each[0]
    })
  )
  expect(colours).toEqual([
    [paper, deep],
    [paper, deep],
    [paper, white]
  ])
})

it("shrinks cells to a pixel, and paints nothing of nothing", () => {
  const wide = (size: number) => HeatMap.paint(matrix(Array.from({ length: 2 }, () => Array<number>(size).fill(1))))
  expect(wide(100)).toMatchObject({ width: 900, height: 18 })
  expect(wide(2000)).toMatchObject({ width: 2000, height: 2 })
  expect(HeatMap.paint(matrix([]))).toBeUndefined()
  expect(HeatMap.paint(matrix([[], []]))).toBeUndefined()
})

it("is a PNG of one part: a signature, a header, rows without a filter, an end", () => {
  const pixels = Uint8Array.from({ length: 18 }, (_, i) => 13 * i)
  const png = Buffer.from(Png.encode({ width: 2, height: 3, pixels }))
  const start = "89504e470d0a1a0a 0000000d49484452 00000002 00000003 0802000000 368849d6"
  const end = "0000000049454e44ae426082"
  expect(png.subarray(0, 33).toString("hex")).toBe(start.replaceAll(" ", ""))
  expect(png.subarray(-12).toString("hex")).toBe(end)
  expect(png.subarray(37, 41).toString()).toBe("IDAT")
  expect(png.readUInt32BE(33)).toBe(png.length - 33 - 12 - 12)
  const rows = inflateSync(png.subarray(41, -16))
  expect([...rows]).toEqual([0, 7, 14].flatMap((_, y) => [0, ...pixels.subarray(6 * y, 6 * y + 6)]))
})
