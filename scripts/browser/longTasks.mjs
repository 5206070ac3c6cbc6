/** How long the tasks of a page's main thread take. */

/** @typedef {{ name: string, tid: number, pid: number, dur?: number, tdur?: number, args?: { name?: string } }} TraceEvent */

/**
 * Traces while something goes on.
 *
 * Counted is the time of the processor that a task took, which is what people wait for on a machine that does nothing else:
 * by the clock a task also takes the time in which a busy machine ran other programs.
 *
 * @returns how many tasks there were, and milliseconds of the longest
 */
export async function longTasks(
  /** @type {import('playwright-core').Page} */ page,
  /** @type {() => Promise<void>} */ meanwhile,
) {
  const session = await /** @type {import('playwright-core').Browser} */ (
    page.context().browser()
  ).newBrowserCDPSession();
  /** @type {TraceEvent[]} */
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) =>
    events.push(.../** @type {TraceEvent[]} */ (/** @type {unknown} */ (value))),
  );
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['disabled-by-default-devtools.timeline', '__metadata'],
      excludedCategories: ['*'],
    },
  });
  let complete = () => {};
  /** @type {Promise<void>} */
  const ended = new Promise((resolve) => {
    complete = resolve;
  });
  session.once('Tracing.tracingComplete', () => complete());
  try {
    await meanwhile();
  } finally {
    await session.send('Tracing.end');
    await ended;
    await session.detach();
  }
  const mains = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events.filter(({ name, pid, tid }) => name === 'RunTask' && mains.has(`${pid} ${tid}`));
  const longest = tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur / 1000), 0);
  if (longest === 0) throw new Error('the trace tells no time of the processor');
  return { count: tasks.length, longest };
}
