/** The text of what was thrown, which in JavaScript may be anything. */

/** Returns an error's message, and any other value as a string. */
export const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause))
