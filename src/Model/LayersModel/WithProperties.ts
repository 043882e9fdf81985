/** Properties that stand in front of an object's own for as long as a function runs. */

export interface Stand {
  readonly object: object
  readonly properties: Readonly<Record<string, unknown>>
}

/** Runs a function while properties are in place, and puts back what was there before, also when it throws. */
export const during = <A>(stands: ReadonlyArray<Stand>, f: () => A): A => {
  const undo: Array<() => void> = []
  try {
    for (const { object, properties } of stands) {
      for (const [name, value] of Object.entries(properties)) {
        const before = Object.getOwnPropertyDescriptor(object, name)
        undo.push(() =>
          before === undefined ? Reflect.deleteProperty(object, name) : Reflect.defineProperty(object, name, before)
        )
        Reflect.set(object, name, value)
      }
    }
    return f()
  } finally {
    for (const back of undo.reverse()) back()
  }
}
