/** CRC-32C (Castagnoli), the checksum of event files. (Node's `crc32` is of another polynomial.) */

/**
 * Gives the checksum of bytes. **Unit**: an unsigned 32-bit integer.
 *
 * **Source**: RFC 3720, appendix B.4, whose vectors are the test's.
 */
export const make = (bytes: Uint8Array): number => {
  let crc = 0xffffffff
  for (const byte of bytes) crc = table[(crc ^ byte) & 255]! ^ (crc >>> 8)
  return ~crc >>> 0
}

/** Gives a checksum as it is stored beside what it checks, so that one of bytes that hold a checksum still checks something. **Source**: TFRecord. */
export const mask = (crc: number): number => (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  return crc
})
