/** As much of ZeroMQ's protocol as a client of one notebook kernel needs (https://rfc.zeromq.org/spec/23/), without its native code. */
import { connect } from 'node:net';

const flag = { more: 1, long: 2, command: 4 };
const greetingBytes = 64;

function greeting() {
  const bytes = Buffer.alloc(greetingBytes);
  bytes.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
  bytes.write('NULL', 12, 'latin1');
  return bytes;
}

/** The command that ends the handshake: what kind of socket this is. */
function ready(/** @type {string} */ type) {
  const name = Buffer.from('\x05READY\x0bSocket-Type', 'latin1');
  const value = Buffer.alloc(4);
  value.writeUInt32BE(type.length);
  return frame(Buffer.concat([name, value, Buffer.from(type)]), flag.command);
}

function frame(/** @type {Buffer} */ body, /** @type {number} */ flags) {
  if (body.length < 256) return Buffer.concat([Buffer.of(flags, body.length), body]);
  const head = Buffer.alloc(9);
  head[0] = flags | flag.long;
  head.writeBigUInt64BE(BigInt(body.length), 1);
  return Buffer.concat([head, body]);
}

/**
 * Connects to a socket of the other side.
 *
 * @param {number} port of this machine
 * @param {'DEALER' | 'SUB'} type
 * @param {(frames: Buffer[]) => void} received hears every whole message
 * @returns {Promise<{ send: (frames: readonly Buffer[]) => void, close: () => void }>} once both sides have greeted
 */
export function connectTo(port, type, received) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let waiting = Buffer.alloc(0);
    let isGreeted = false;
    /** @type {Buffer[]} */
    let message = [];
    const send = (/** @type {readonly Buffer[]} */ frames) => {
      for (const [i, body] of frames.entries()) socket.write(frame(body, i < frames.length - 1 ? flag.more : 0));
    };
    const hear = (/** @type {number} */ flags, /** @type {Buffer} */ body) => {
      if ((flags & flag.command) !== 0) {
        // Everything, for a subscriber says what it wants to hear.
        if (type === 'SUB') send([Buffer.of(1)]);
        resolve({ send, close: () => socket.destroy() });
        return;
      }
      message.push(body);
      if ((flags & flag.more) !== 0) return;
      const whole = message;
      message = [];
      received(whole);
    };
    socket.on('error', reject);
    socket.on('connect', () => socket.write(greeting()));
    socket.on('data', (bytes) => {
      waiting = Buffer.concat([waiting, bytes]);
      if (!isGreeted) {
        if (waiting.length < greetingBytes) return;
        waiting = waiting.subarray(greetingBytes);
        isGreeted = true;
        socket.write(ready(type));
      }
      for (;;) {
        const flags = waiting[0] ?? 0;
        const head = (flags & flag.long) !== 0 ? 9 : 2;
        if (waiting.length < head) return;
        const length = head === 9 ? Number(waiting.readBigUInt64BE(1)) : (waiting[1] ?? 0);
        if (waiting.length < head + length) return;
        const body = waiting.subarray(head, head + length);
        waiting = waiting.subarray(head + length);
        hear(flags, body);
      }
    });
  });
}
