/** Thrown by what a page does not have. A test that asks for it is skipped, and the reason is said. */
export class NotInPage extends Error {
  constructor(what: string) {
    super(`a page has no ${what}`);
  }
}

/** A function that a page does not have. */
export const lacking =
  (what: string): ((...given: unknown[]) => never) =>
  () => {
    throw new NotInPage(what);
  };
