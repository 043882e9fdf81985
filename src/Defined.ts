/** Optional fields of a record: those whose value is undefined are left out, as `exactOptionalPropertyTypes` asks. */

/** The same record without its undefined values. */
export type Defined<T> = { readonly [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  readonly [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>
}

/**
 * Copies a record without the fields that are undefined: `{ ...options, ...defined({ patience }) }`. Null, false, 0 and "" are values and stay.
 */
export const defined = <T extends object>(record: T): Defined<T> =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>
