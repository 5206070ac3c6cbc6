/** A program in the address of the page: `#code=` and its bytes in base64 for addresses. Nothing is sent anywhere. */

const key = '#code=';

/** @returns what stands after the path of the address */
export function toHash(source: string): string {
  const bytes = new TextEncoder().encode(source);
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return key + btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @returns the program, or null where the address holds none that can be read */
export function fromHash(hash: string): string | null {
  if (!hash.startsWith(key)) return null;
  try {
    const text = atob(hash.slice(key.length).replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
  } catch {
    return null;
  }
}
