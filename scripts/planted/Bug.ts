/** A bug that a test must find: an edit of one source file that undoes a correction. */
export interface Bug {
  /** What a user would meet, in one sentence. */
  readonly bug: string
  /** The source file, from the root of the checkout. */
  readonly file: string
  /** The text to replace; it occurs once in the file. */
  readonly find: string
  readonly replace: string
  /** The test file that fails. */
  readonly test: string
  /** The test fails in the type checker, or its file does not load; both are not runs of tests. */
  readonly check?: "types" | "load"
  /** The tests of the file to run, as `-t` of vitest; all if omitted. */
  readonly named?: string
}
