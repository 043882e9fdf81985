/** The longest common subsequence of two lists: items that both have in the same order, with gaps. */

/**
 * Finds the indices in `left` of one longest common subsequence. Of several, the one that drops the end of `left` first.
 *
 * **Source**: the order in which rouge-score reads its table, on which the union of several depends.
 */
export const indices = (left: ReadonlyArray<string>, right: ReadonlyArray<string>): ReadonlyArray<number> => {
  const width = right.length + 1
  // The lengths for each beginning of both.
  const lengths = new Uint32Array((left.length + 1) * width)
  for (let i = 1; i <= left.length; i++)
    for (let j = 1; j < width; j++)
      lengths[i * width + j] =
        left[i - 1] === right[j - 1]
          ? lengths[(i - 1) * width + j - 1]! + 1
          : Math.max(lengths[(i - 1) * width + j]!, lengths[i * width + j - 1]!)
  const found: Array<number> = []
  let [i, j] = [left.length, right.length]
  while (i > 0 && j > 0) {
    if (left[i - 1] === right[j - 1]) {
      found.push(i - 1)
      i -= 1
      j -= 1
    } else if (lengths[i * width + j - 1]! > lengths[(i - 1) * width + j]!) j -= 1
    else i -= 1
  }
  return found.reverse()
}
