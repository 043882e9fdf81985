/** A tree is a flat record by dotted path, such as `{ "encoder.weight": x }`: the form of parameters, gradients and slots. */
import { Schema } from "effect"
import { dual } from "effect/Function"

export type Tree<A> = Readonly<Record<string, A>>

export class TreeMismatch extends Schema.TaggedError<TreeMismatch>()("TreeMismatch", {
  path: Schema.String,
  expected: Schema.String,
  found: Schema.String
}) {
  override get message() {
    return `Expected tensor ${this.path} to be ${this.expected}, but it is ${this.found}.`
  }
}

/** Applies a function to every value. **Law**: the paths and their order do not change. */
export const map: {
  <A, B>(f: (value: A, path: string) => B): (tree: Tree<A>) => Record<string, B>
  <A, B>(tree: Tree<A>, f: (value: A, path: string) => B): Record<string, B>
} = dual(
  2,
  <A, B>(tree: Tree<A>, f: (value: A, path: string) => B): Record<string, B> =>
    Object.fromEntries(Object.entries(tree).map(([path, value]) => [path, f(value, path)]))
)

/** Combines two trees path by path, in the order of the first. **Errors**: throws `TreeMismatch` when their paths differ. */
export const zip: {
  <A, B, C>(that: Tree<B>, f: (a: A, b: B, path: string) => C): (tree: Tree<A>) => Record<string, C>
  <A, B, C>(tree: Tree<A>, that: Tree<B>, f: (a: A, b: B, path: string) => C): Record<string, C>
} = dual(3, <A, B, C>(tree: Tree<A>, that: Tree<B>, f: (a: A, b: B, path: string) => C): Record<string, C> => {
  for (const path of Object.keys(that)) {
    if (!Object.hasOwn(tree, path)) throw new TreeMismatch({ path, expected: "absent", found: "present" })
  }
  return map(tree, (a, path) => {
    if (!Object.hasOwn(that, path)) throw new TreeMismatch({ path, expected: "present", found: "absent" })
    return f(a, that[path] as B, path)
  })
})

/**
 * Prefixes every path with a name: `prefix({ m: x }, "adam")` is `{ "adam.m": x }`. **Law**: `under` undoes it.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { Tree } from "regimen/nn"
 *
 * const tree = { ...Tree.prefix({ weight: 1, bias: 2 }, "encoder"), head: 3 }
 * assert.deepEqual(Tree.under(tree, "encoder"), { weight: 1, bias: 2 })
 * ```
 */
export const prefix: {
  (name: string): <A>(tree: Tree<A>) => Record<string, A>
  <A>(tree: Tree<A>, name: string): Record<string, A>
} = dual(
  2,
  <A>(tree: Tree<A>, name: string): Record<string, A> =>
    Object.fromEntries(Object.entries(tree).map(([path, value]) => [`${name}.${path}`, value]))
)

/** Selects the values whose paths begin with a name, and removes the name. */
export const under: {
  (name: string): <A>(tree: Tree<A>) => Record<string, A>
  <A>(tree: Tree<A>, name: string): Record<string, A>
} = dual(
  2,
  <A>(tree: Tree<A>, name: string): Record<string, A> =>
    Object.fromEntries(
      Object.entries(tree).flatMap(([path, value]) => (path.startsWith(`${name}.`) ? [[path.slice(name.length + 1), value]] : []))
    )
)

/** Selects the values that satisfy a predicate. */
export const filter: {
  <A>(predicate: (path: string, value: A) => boolean): (tree: Tree<A>) => Record<string, A>
  <A>(tree: Tree<A>, predicate: (path: string, value: A) => boolean): Record<string, A>
} = dual(
  2,
  <A>(tree: Tree<A>, predicate: (path: string, value: A) => boolean): Record<string, A> =>
    Object.fromEntries(Object.entries(tree).filter(([path, value]) => predicate(path, value)))
)

/** Selects the values at these paths, in this order. **Errors**: throws `TreeMismatch` for a missing path. */
export const pick: {
  (paths: Iterable<string>): <A>(tree: Tree<A>) => Record<string, A>
  <A>(tree: Tree<A>, paths: Iterable<string>): Record<string, A>
} = dual(2, <A>(tree: Tree<A>, paths: Iterable<string>): Record<string, A> => {
  const picked: Record<string, A> = {}
  for (const path of paths) {
    if (!Object.hasOwn(tree, path)) throw new TreeMismatch({ path, expected: "present", found: "absent" })
    picked[path] = tree[path] as A
  }
  return picked
})

/** Checks that trees agree in paths, shapes and dtypes. **Errors**: throws `TreeMismatch`, which names the first path that differs. */
export const sameShapes = (expected: Tree<Shaped>, found: Tree<Shaped>): void => {
  zip(expected, found, (a, b, path) => {
    const [wanted, got] = [a, b].map(({ dtype, shape }) => `${dtype} [${shape}]`) as [string, string]
    if (wanted !== got) throw new TreeMismatch({ path, expected: wanted, found: got })
  })
}

/** The part that host tensors and device tensors share. */
export interface Shaped {
  readonly dtype: string
  readonly shape: ReadonlyArray<number>
}
