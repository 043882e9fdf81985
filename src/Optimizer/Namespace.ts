/** Names within names: how the slots and scalars of several transformations share one flat record. */

/** Puts `name.` before every key. */
export const within = <A>(name: string, record: Readonly<Record<string, A>>): Record<string, A> => {
  const named: Record<string, A> = {}
  for (const key in record) named[`${name}.${key}`] = record[key]!
  return named
}

/** Takes the entries under `name.`, by the rest of their keys. */
export const under = <A>(name: string, record: Readonly<Record<string, A>>): Record<string, A> => {
  const inner: Record<string, A> = {}
  for (const key in record) if (key.startsWith(`${name}.`)) inner[key.slice(name.length + 1)] = record[key]!
  return inner
}

/** Makes names unique: what comes second under a name gets `_2`, and so on. */
export const distinct = <A extends { readonly name: string }>(items: ReadonlyArray<A>): ReadonlyArray<A> => {
  const taken = new Set<string>()
  return items.map((item) => {
    let name = item.name
    for (let n = 2; taken.has(name); n++) name = `${item.name}_${n}`
    taken.add(name)
    return name === item.name ? item : { ...item, name }
  })
}
