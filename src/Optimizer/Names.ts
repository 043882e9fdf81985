/** Names that are unique, so that slots and scalars can carry them. */

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
