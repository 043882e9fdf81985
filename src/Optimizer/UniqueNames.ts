/** Unique names for the slots and scalars of transformations, and for variables. */

/** Makes names unique: the second item of a name gets the suffix `_2`, and so on. */
export const distinct = <A extends { readonly name: string }>(items: ReadonlyArray<A>): ReadonlyArray<A> => {
  const taken = new Set<string>()
  return items.map((item) => {
    let name = item.name
    for (let n = 2; taken.has(name); n++) name = `${item.name}_${n}`
    taken.add(name)
    return name === item.name ? item : { ...item, name }
  })
}
