/** Errors are lessons: tests hold their class and their sentence. */

/**
 * Fails unless `f` throws an error of exactly this class with exactly this message (or one that the pattern matches);
 * returns the error.
 */
export function expectError<E extends Error>(
  f: () => unknown,
  type: abstract new (...args: never[]) => E,
  message: string | RegExp,
): E {
  let thrown: unknown;
  try {
    f();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof type)) throw new Error(`expected ${type.name}: ${message}\ngot ${String(thrown)}`);
  const fits = typeof message === 'string' ? thrown.message === message : message.test(thrown.message);
  if (!fits) throw new Error(`expected the message\n  ${message}\ngot\n  ${thrown.message}`);
  return thrown;
}
