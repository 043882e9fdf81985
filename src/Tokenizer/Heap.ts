/** A binary heap (priority queue) with logarithmic push and pop. */

export interface Heap<A> {
  readonly push: (value: A) => void
  /** Removes and returns the first element, or undefined if the heap is empty. */
  readonly pop: () => A | undefined
}

/** Creates an empty heap. `before(a, b)` is true if `a` is popped before `b`. */
export const make = <A>(before: (a: A, b: A) => boolean): Heap<A> => {
  const items: Array<A> = []
  const swap = (i: number, j: number) => {
    const item = items[i]!
    items[i] = items[j]!
    items[j] = item
  }
  return {
    push: (value) => {
      let at = items.push(value) - 1
      for (let parent = (at - 1) >> 1; at > 0 && before(items[at]!, items[parent]!); parent = (at - 1) >> 1) {
        swap(at, parent)
        at = parent
      }
    },
    pop: () => {
      if (items.length < 2) return items.pop()
      const first = items[0]
      items[0] = items.pop()!
      for (let at = 0; ; ) {
        const left = 2 * at + 1
        const child = left + 1 < items.length && before(items[left + 1]!, items[left]!) ? left + 1 : left
        if (child >= items.length || !before(items[child]!, items[at]!)) return first
        swap(at, child)
        at = child
      }
    }
  }
}
