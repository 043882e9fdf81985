/** Replaces properties of objects while a function runs. */

/** Properties that replace an object's own. */
export interface Replacement {
  readonly object: object
  readonly properties: Readonly<Record<string, unknown>>
}

/** Runs a function with properties replaced, and restores them afterwards, also if it throws. */
export const withProperties = <A>(replacements: ReadonlyArray<Replacement>, f: () => A): A => {
  const undo: Array<() => void> = []
  try {
    for (const { object, properties } of replacements) {
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
