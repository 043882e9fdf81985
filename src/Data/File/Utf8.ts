/** Decodes files as UTF-8, with or without a byte order mark. */
import { DataError } from "../Dataset.ts"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Decodes the bytes of a row. Throws `DataError` if they are not UTF-8. */
export const decode = (bytes: Uint8Array, file: string, row: number | null): string => {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new DataError({ file, row, column: null, reason: "is not UTF-8: convert the file" })
  }
}

/** Returns the length of the byte order mark at the start: 3 or 0. */
export const markLength = (bytes: Uint8Array): number => (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0)
