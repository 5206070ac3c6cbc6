/** A notebook's side of a kernel: starts one, gives it cells, hears what it shows (https://jupyter-client.readthedocs.io/en/stable/messaging.html). */
import { spawn } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { connectTo } from './zmtp.mjs';

/** @typedef {{ kind: string, data: Record<string, unknown>, text: string }} Output what a cell shows: by MIME type, or as text */

const delimiter = '<IDS|MSG>';
/** Milliseconds after which a cell that has not ended never will. */
const patience = 60_000;

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => resolve(port));
    });
  });
}

/**
 * Starts a kernel in a folder.
 *
 * @param {string} folder where its cells import from; the file about the connection is written there
 * @param {(connectionFile: string) => [command: string, args: string[]]} command
 * @param {NodeJS.ProcessEnv} env
 */
export async function startKernel(folder, command, env) {
  const key = randomUUID();
  const [shellPort, iopubPort, ...others] = await Promise.all([1, 2, 3, 4, 5].map(freePort));
  const file = path.join(folder, 'connection.json');
  const connection = {
    transport: 'tcp',
    ip: '127.0.0.1',
    key,
    signature_scheme: 'hmac-sha256',
    shell_port: shellPort,
    iopub_port: iopubPort,
    stdin_port: others[0],
    control_port: others[1],
    hb_port: others[2],
  };
  writeFileSync(file, JSON.stringify(connection));
  const [program, args] = command(file);
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes) => {
    said += bytes;
  });
  /** @type {Promise<never>} */
  const ended = new Promise((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the kernel ended with code ${code}: ${said}`)));
  });
  ended.catch(() => undefined);

  /**
   * Cells that are running, by the identifier of their message.
   *
   * @type {Map<string, { outputs: Output[], wanted: number, isIdle: boolean, done: (outputs: Output[]) => void }>}
   */
  const running = new Map();
  const hear = (/** @type {Buffer[]} */ frames) => {
    const start = frames.findIndex((frame) => frame.toString() === delimiter);
    const [header, parent, , content] = frames.slice(start + 2).map((frame) => JSON.parse(frame.toString()));
    const cell = running.get(parent.msg_id);
    if (cell === undefined) return;
    const kind = header.msg_type;
    if (kind === 'status') cell.isIdle ||= content.execution_state === 'idle';
    else if (kind === 'execute_result' || kind === 'display_data')
      cell.outputs.push({ kind, data: content.data, text: '' });
    else if (kind === 'stream') cell.outputs.push({ kind, data: {}, text: content.text });
    else if (kind === 'error') cell.outputs.push({ kind, data: {}, text: `${content.ename}: ${content.evalue}` });
    // Deno's kernel may say that it is idle before it has sent the last result.
    if (!cell.isIdle || cell.outputs.length < cell.wanted) return;
    running.delete(parent.msg_id);
    cell.done(cell.outputs);
  };
  const open = async (/** @type {number} */ port, /** @type {'DEALER' | 'SUB'} */ type) => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await connectTo(port, type, type === 'SUB' ? hear : () => undefined);
      } catch (error) {
        if (attempt === 300) throw error;
        await pause(100);
      }
    }
  };
  const within = (/** @type {Promise<any>} */ work) => Promise.race([work, ended]);
  const iopub = await within(open(iopubPort ?? 0, 'SUB'));
  const shell = await within(open(shellPort ?? 0, 'DEALER'));

  /** @returns {Promise<Output[]>} */
  const ask = (/** @type {string} */ type, /** @type {object} */ content, wanted = 0) => {
    const id = randomUUID();
    const header = { msg_id: id, session: key, username: 'test', msg_type: type, version: '5.3', date: new Date() };
    const parts = [header, {}, {}, content].map((part) => Buffer.from(JSON.stringify(part)));
    const signature = parts.reduce((hmac, part) => hmac.update(part), createHmac('sha256', key)).digest('hex');
    /** @type {Promise<Output[]>} */
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no answer to ${type} within ${patience} ms: ${said}`)),
        patience,
      );
      running.set(id, {
        outputs: [],
        wanted,
        isIdle: false,
        done: (outputs) => {
          clearTimeout(timer);
          resolve(outputs);
        },
      });
    });
    answer.catch(() => undefined);
    shell.send([Buffer.from(delimiter), Buffer.from(signature), ...parts]);
    return within(answer);
  };
  // A subscription takes its time to arrive, and what is published before is not heard: until then, ask again.
  for (let isHeard = false; !isHeard; )
    isHeard = await Promise.race([ask('kernel_info_request', {}).then(() => true), pause(500).then(() => false)]);
  for (const { done } of running.values()) done([]);
  running.clear();

  return {
    /** Runs a cell until it has ended and shown as many things as it is to show. @returns {Promise<Output[]>} */
    run: (/** @type {string} */ code, /** @type {number} */ wanted) => {
      const options = {
        silent: false,
        store_history: true,
        user_expressions: {},
        allow_stdin: false,
        stop_on_error: true,
      };
      return ask('execute_request', { code, ...options }, wanted);
    },
    close() {
      iopub.close();
      shell.close();
      child.removeAllListeners('exit');
      child.kill();
    },
  };
}

/** @returns {Promise<void>} */
const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
