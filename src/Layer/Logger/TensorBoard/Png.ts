/** PNG, the simplest kind: 8-bit red, green and blue, no filter. **Unit**: pixels. */
import { crc32, deflateSync } from "node:zlib"

export interface Image {
  readonly width: number
  readonly height: number
  /** Three bytes a pixel, row by row from the top. */
  readonly pixels: Uint8Array
}

/** Gives the file's bytes. **Shapes**: at least one pixel each way. **Source**: ISO/IEC 15948. */
export const encode = ({ width, height, pixels }: Image): Uint8Array => {
  const stride = 3 * width
  const rows = new Uint8Array(height * (stride + 1)) // each row is led by its filter: 0, none
  for (let y = 0; y < height; y++) rows.set(pixels.subarray(y * stride, (y + 1) * stride), y * (stride + 1) + 1)
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8) // bits a channel; colour without alpha
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(rows)), chunk("IEND", Buffer.alloc(0))])
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

const chunk = (name: string, data: Uint8Array): Uint8Array => {
  const named = Buffer.concat([Buffer.from(name), data])
  const framed = Buffer.alloc(named.length + 8)
  framed.writeUInt32BE(data.length, 0)
  framed.set(named, 4)
  framed.writeUInt32BE(crc32(named), 4 + named.length)
  return framed
}
