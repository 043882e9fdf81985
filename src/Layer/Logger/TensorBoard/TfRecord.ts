/** TFRecord, the frame around each event of a file: its length in 8 bytes, their checksum, the event, its checksum; little-endian. */
import * as Crc32c from "./Crc32c.ts"

/** Frames a record. */
export const frame = (record: Uint8Array): Uint8Array<ArrayBuffer> => {
  const framed = new Uint8Array(record.length + 16)
  const view = new DataView(framed.buffer)
  const sum = (bytes: Uint8Array) => Crc32c.mask(Crc32c.make(bytes))
  view.setBigUint64(0, BigInt(record.length), true)
  view.setUint32(8, sum(framed.subarray(0, 8)), true)
  framed.set(record, 12)
  view.setUint32(12 + record.length, sum(record), true)
  return framed
}
