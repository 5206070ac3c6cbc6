/** Writing messages of protocol buffers: https://protobuf.dev/programming-guides/encoding/. */

/** A message, field after field. */
export class Message {
  private readonly parts: Uint8Array[] = [];

  private varint(value: number): void {
    const bytes: number[] = [];
    let rest = value;
    while (rest >= 0x80) {
      bytes.push((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    bytes.push(rest);
    this.parts.push(Uint8Array.from(bytes));
  }

  /** A whole number from 0 to 2⁵³. */
  integer(field: number, value: number): this {
    this.varint(field * 8);
    this.varint(value);
    return this;
  }

  double(field: number, value: number): this {
    this.varint(field * 8 + 1);
    this.parts.push(littleEndian(8, (view) => view.setFloat64(0, value, true)));
    return this;
  }

  float(field: number, value: number): this {
    this.varint(field * 8 + 5);
    this.parts.push(littleEndian(4, (view) => view.setFloat32(0, value, true)));
    return this;
  }

  /** Text, bytes, or a message inside this one. */
  bytes(field: number, value: string | Uint8Array | Message): this {
    const bytes =
      typeof value === 'string' ? new TextEncoder().encode(value) : value instanceof Message ? value.encode() : value;
    this.varint(field * 8 + 2);
    this.varint(bytes.length);
    this.parts.push(bytes);
    return this;
  }

  /** Several doubles, packed. */
  doubles(field: number, values: readonly number[]): this {
    return this.bytes(
      field,
      littleEndian(8 * values.length, (view) => {
        for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true);
      }),
    );
  }

  /** The bytes of the message. */
  encode(): Uint8Array {
    const bytes = new Uint8Array(this.parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of this.parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }
}

/** Bytes that a function fills. */
export function littleEndian(length: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(length);
  fill(new DataView(bytes.buffer));
  return bytes;
}
