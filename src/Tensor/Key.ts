/** Keys of random numbers: a value that names a place in the run, never a generator with a hidden position. */

/** Two 32-bit words; the seed of TensorFlow's stateless random ops. */
export interface Key {
  readonly hi: number
  readonly lo: number
}
