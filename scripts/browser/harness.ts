/**
 * As much of Jest as the tests of kernels and autograd use, for a page: they register what they have to say when they are
 * imported, and `runTests` runs it. Matchers are Jest's own (the npm package `expect`).
 */

import { expect } from 'expect';
import fc from 'fast-check';
import { lacking, NotInPage } from './shims/notInPage.js';

type Body = (...given: never[]) => unknown;

/** How a test went. */
export interface Outcome {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'skipped';
  /** Why it failed or was skipped. */
  readonly reason: string;
}

interface Group {
  readonly name: string;
  readonly parent: Group | null;
  readonly skipped: boolean;
  readonly hooks: Record<'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll', Body[]>;
  readonly inside: (Group | Test)[];
}

interface Test {
  readonly name: string;
  readonly body: Body;
  readonly skipped: boolean;
}

const newGroup = (name: string, parent: Group | null, skipped: boolean): Group => ({
  name,
  parent,
  skipped,
  hooks: { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] },
  inside: [],
});

const top = newGroup('', null, false);
let current = top;

function group(name: string, body: Body, skipped: boolean): void {
  const made = newGroup(name, current, skipped);
  current.inside.push(made);
  current = made;
  try {
    body();
  } finally {
    current = made.parent!;
  }
}

function test(name: string, body: Body, skipped: boolean): void {
  current.inside.push({ name, body, skipped });
}

/** A part of a title: the name of a function, plain objects as JSON, all else as text. */
function shown(value: unknown): string {
  if (typeof value === 'function') return value.name;
  const { prototype } = Object;
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === prototype
    ? JSON.stringify(value)
    : String(value);
}

/** `%s`, `%d`, `%p`, … in turn, and `$name` of a row that is an object. */
function titled(name: string, row: readonly unknown[]): string {
  let next = 0;
  const [first] = row;
  return name
    .replace(/%[sdifjop#]/g, (mark) => (mark === '%#' ? mark : shown(row[next++])))
    .replace(/\$(\w+)/g, (all, key) =>
      Object(first) === first && key in Object(first) ? shown(Object(first)[key]) : all,
    );
}

type Register = (name: string, body: Body, skipped: boolean) => void;

/** `it` and `describe` with what hangs on them. */
function registrar(register: Register) {
  const each =
    (skipped: boolean) =>
    (rows: readonly unknown[]) =>
    (name: string, body: (...given: unknown[]) => unknown): void => {
      for (const row of rows) {
        const given = Array.isArray(row) ? row : [row];
        register(titled(name, given), () => body(...given), skipped);
      }
    };
  const skip = Object.assign((name: string, body: Body) => register(name, body, true), { each: each(true) });
  return Object.assign((name: string, body: Body) => register(name, body, false), { each: each(false), skip });
}

const hook = (name: keyof Group['hooks']) => (body: Body) => void current.hooks[name].push(body);

expect.extend({ toMatchInlineSnapshot: lacking('snapshots') });

Object.assign(globalThis, {
  expect,
  describe: registrar(group),
  it: registrar(test),
  test: registrar(test),
  beforeAll: hook('beforeAll'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
  afterAll: hook('afterAll'),
  jest: {
    setTimeout: () => undefined,
    isolateModules: lacking('second copies of modules'),
    resetModules: lacking('second copies of modules'),
    spyOn: lacking('spies'),
  },
  setImmediate: (f: () => void) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      f();
    };
    port2.postMessage(null);
  },
});

/** The error itself, or what fast-check found it to come from. */
function lackOf(error: unknown): NotInPage | null {
  for (let e = error; e instanceof Error; e = e.cause) if (e instanceof NotInPage) return e;
  return null;
}

const reasonOf = (error: unknown): string => (error instanceof Error ? `${error.stack}` : String(error));

/** What an error makes of a test. */
function failedBy(name: string, error: unknown): Outcome {
  const lack = lackOf(error);
  return lack === null
    ? { name, status: 'failed', reason: reasonOf(error) }
    : { name, status: 'skipped', reason: lack.message };
}

async function runTest({ name, body, skipped }: Test, within: Group, path: string): Promise<Outcome> {
  const title = `${path}${name}`;
  if (skipped) return { name: title, status: 'skipped', reason: 'skipped by itself' };
  const groups: Group[] = [];
  for (let g: Group | null = within; g !== null; g = g.parent) groups.unshift(g);
  let failure: unknown = null;
  const attempt = async (bodies: readonly Body[]): Promise<void> => {
    for (const one of bodies) {
      try {
        await one();
      } catch (error) {
        failure ??= error ?? 'threw nothing';
      }
    }
  };
  await attempt(groups.flatMap(({ hooks }) => hooks.beforeEach));
  if (failure === null) await attempt([body]);
  await attempt(groups.reverse().flatMap(({ hooks }) => hooks.afterEach));
  if (failure === null) return { name: title, status: 'passed', reason: '' };
  return failedBy(title, failure);
}

async function runGroup(group: Group, path: string): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const all = async (bodies: readonly Body[]): Promise<void> => {
    for (const body of bodies) await body();
  };
  const tests = group.inside.length > 0 && !group.skipped;
  try {
    if (tests) await all(group.hooks.beforeAll);
    for (const one of group.inside) {
      if ('inside' in one) {
        const inner = group.skipped ? { ...one, skipped: true } : one;
        outcomes.push(...(await runGroup(inner, `${path}${one.name} › `)));
      } else outcomes.push(await runTest(group.skipped ? { ...one, skipped: true } : one, group, path));
    }
    if (tests) await all(group.hooks.afterAll);
  } catch (error) {
    outcomes.push(failedBy(`${path}hooks`, error));
  }
  return outcomes;
}

/**
 * Imports a file of tests and runs them.
 *
 * @param runs examples that each property draws
 */
export async function runTests(load: () => Promise<unknown>, runs: number, seed: number): Promise<Outcome[]> {
  fc.configureGlobal({ numRuns: runs, seed });
  try {
    await load();
  } catch (error) {
    return [failedBy('the whole file', error)];
  }
  const outcomes = await runGroup(top, '');
  // A file that registers nothing holds no test that could fail.
  return outcomes.length > 0 ? outcomes : [failedBy('the whole file', new Error('it holds no test'))];
}

Object.assign(globalThis, { runTests });
