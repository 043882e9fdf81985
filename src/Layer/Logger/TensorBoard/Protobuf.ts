/** Protocol buffers' wire format, as much of it as events need: a field is bytes, a message is its fields one after the other. */

export type Field = Uint8Array<ArrayBuffer>

/** A whole number from 0 to 2^53: int32, int64, bool and enum. */
export const whole = (number: number, value: number): Field => join([tag(number, wire.varint), varint(value)])

export const double = (number: number, value: number): Field => join([tag(number, wire.eight), doubles([value])])

export const float = (number: number, value: number): Field => {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setFloat32(0, value, true)
  return join([tag(number, wire.four), bytes])
}

export const bytes = (number: number, value: Uint8Array): Field => join([tag(number, wire.length), varint(value.length), value])

/** Text in UTF-8; half a surrogate pair becomes U+FFFD. */
export const string = (number: number, value: string): Field => bytes(number, encoder.encode(value))

export const message = (number: number, ...fields: ReadonlyArray<Field>): Field => bytes(number, join(fields))

/** Repeated doubles, packed. */
export const packed = (number: number, values: ReadonlyArray<number>): Field => bytes(number, doubles(values))

/** Puts fields one after the other: the message that they make. */
export const join = (parts: ReadonlyArray<Uint8Array>): Field => {
  const joined = new Uint8Array(parts.reduce((size, part) => size + part.length, 0))
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const encoder = new TextEncoder()

const wire = { varint: 0, eight: 1, length: 2, four: 5 }
const tag = (number: number, type: number) => varint(number * 8 + type)

const varint = (value: number): Field => {
  const digits = []
  let rest = value
  for (; rest > 127; rest = Math.floor(rest / 128)) digits.push((rest % 128) + 128)
  return Uint8Array.from([...digits, rest])
}

const doubles = (values: ReadonlyArray<number>): Field => {
  const view = new DataView(new ArrayBuffer(8 * values.length))
  values.forEach((value, i) => {
    view.setFloat64(8 * i, value, true)
  })
  return new Uint8Array(view.buffer)
}
