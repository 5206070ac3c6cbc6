/**
 * Values to bytes, as the binary format of WebAssembly writes them
 * (https://webassembly.github.io/spec/core/binary/).
 */

/** Bytes in the order they are written, nested as they were put together; `flatten` ends the nesting. */
export type Bytes = readonly (number | Bytes)[];

/** Appends `bytes` to `target`, without their nesting. */
export function flattenInto(target: number[], bytes: Bytes): void {
  for (const part of bytes) {
    if (typeof part === 'number') target.push(part);
    else flattenInto(target, part);
  }
}

/** `bytes` without their nesting. */
export function flatten(bytes: Bytes): number[] {
  const flat: number[] = [];
  flattenInto(flat, bytes);
  return flat;
}

/** An unsigned integer below 2³² in LEB128: seven bits a byte, lowest first, the top bit says that more follow. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return bytes;
}

/** A signed integer in LEB128: as `unsigned`, until what is left is all sign. */
export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const signBit = (low & 0x40) !== 0;
    if (rest === (signBit ? -1n : 0n)) {
      bytes.push(low);
      return bytes;
    }
    bytes.push(low | 0x80);
  }
}

/** The bytes of a number as float32, lowest first. */
export function float32(value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return [...new Uint8Array(view.buffer)];
}

/** The bytes of a number as float64, lowest first. */
export function float64(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return [...new Uint8Array(view.buffer)];
}

/** How many there are, then each: what the specification calls a vector. */
export function list(items: readonly Bytes[]): Bytes {
  return [unsigned(items.length), ...items];
}

/** A name in UTF-8. */
export function text(name: string): Bytes {
  return sized(new TextEncoder().encode(name));
}

/** Bytes preceded by their number. */
export function sized(bytes: Iterable<number>): Bytes {
  const all = [...bytes];
  return [unsigned(all.length), all];
}

/** A section of a module. */
export function section(id: number, content: Bytes): Bytes {
  return [id, sized(flatten(content))];
}
