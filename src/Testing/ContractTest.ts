/** One test of a contract: register it with `it(test.name, test.run)`. */
export interface ContractTest {
  /** The behaviour that is tested. */
  readonly name: string
  /** Runs the test in a service of its own. Rejects with an `AssertionError` where the behaviour differs. */
  readonly run: () => Promise<void>
}
