/**
 * Philox4x32-10, the counter-based generator under TensorFlow's random ops: a pure function from a counter and a key to
 * four 32-bit words. **Source**: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011); multipliers 0xd2511f53 and 0xcd9e8d57.
 */

const weyl0 = 0x9e3779b9
const weyl1 = 0xbb67ae85
const rounds = 10

/** A key and the fixed upper half of the counter; all are 32-bit words. */
export interface Stream {
  readonly key: readonly [number, number]
  readonly high: readonly [number, number]
}

/** Fills `words` with blocks `first`, `first + 1`, ... (modulo 2^32) of a stream, four words a block. */
export const fill = (words: Uint32Array, { key, high }: Stream, first = 0, upper = 0): Uint32Array => {
  for (let at = 0, block = first; at < words.length; at += 4, block++) {
    let c0 = block | 0
    let c1 = upper | 0
    let c2 = high[0] | 0
    let c3 = high[1] | 0
    let k0 = key[0] | 0
    let k1 = key[1] | 0
    for (let round = 0; round < rounds; round++) {
      // The 64-bit products of c0 and c2 with their multipliers, by halves of 16 bits: written out, as this is the hot loop.
      const a0 = c0 & 0xffff
      const a1 = c0 >>> 16
      const crossA = Math.imul(0x1f53, a1)
      const crossB = Math.imul(0xd251, a0)
      const carryA = (Math.imul(0x1f53, a0) >>> 16) + (crossA & 0xffff) + (crossB & 0xffff)
      const high0 = Math.imul(0xd251, a1) + (crossA >>> 16) + (crossB >>> 16) + (carryA >>> 16)
      const low0 = Math.imul(0xd2511f53, c0)
      const b0 = c2 & 0xffff
      const b1 = c2 >>> 16
      const crossC = Math.imul(0x8d57, b1)
      const crossD = Math.imul(0xcd9e, b0)
      const carryB = (Math.imul(0x8d57, b0) >>> 16) + (crossC & 0xffff) + (crossD & 0xffff)
      const high1 = Math.imul(0xcd9e, b1) + (crossC >>> 16) + (crossD >>> 16) + (carryB >>> 16)
      const low1 = Math.imul(0xcd9e8d57, c2)
      c0 = high1 ^ c1 ^ k0
      c1 = low1
      c2 = high0 ^ c3 ^ k1
      c3 = low0
      k0 = (k0 + weyl0) | 0
      k1 = (k1 + weyl1) | 0
    }
    // Writes past the end are ignored, so the last block may be partial.
    words[at] = c0
    words[at + 1] = c1
    words[at + 2] = c2
    words[at + 3] = c3
  }
  return words
}

/** One block. */
export const block = (
  counter: readonly [number, number, number, number],
  key: readonly [number, number]
): readonly [number, number, number, number] => {
  const words = fill(new Uint32Array(4), { key, high: [counter[2], counter[3]] }, counter[0], counter[1])
  return [words[0]!, words[1]!, words[2]!, words[3]!]
}
