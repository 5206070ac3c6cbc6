/** The HTML report of a run: one file, no outside resources. */

import { accessSync, constants, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Chart, escapeHtml, renderChart } from './curve.js';
import { caption, digitPicture, type Misread } from './drawDigit.js';

/** Everything the report shows. */
export interface Report {
  readonly title: string;
  /** Names and values of the figures at the top. */
  readonly figures: readonly (readonly [name: string, value: string])[];
  /** One sentence below them: with which options. */
  readonly settings: string;
  readonly charts: readonly Chart[];
  readonly confusion: readonly (readonly number[])[];
  readonly misread: readonly Misread[];
}

const style = `
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #5b6570; --rule: #d5dae0; --a: #0b62c4; --b: #b3470b; --heat: 11, 98, 196; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ed; --paper: #14171b; --soft: #9aa4af; --rule: #363d45; --a: #6cb1ff; --b: #ff9d5c; --heat: 108, 177, 255; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.2rem; margin-top: 2rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .75rem; margin: 0; }
dl div { border: 1px solid var(--rule); border-radius: .4rem; padding: .5rem .75rem; }
dt { color: var(--soft); font-size: .85rem; } dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
svg { display: block; width: 100%; height: auto; } svg text { fill: var(--soft); font: 12px system-ui, sans-serif; }
.grid { stroke: var(--rule); } polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
.faint { stroke: var(--a); stroke-width: 1; opacity: .3; } .line0 { stroke: var(--a); } .line1 { stroke: var(--b); }
.dot0 { fill: var(--a); } .dot1 { fill: var(--b); } svg .legend0 { fill: var(--a); } svg .legend1 { fill: var(--b); } svg .legendFaint { fill: var(--a); opacity: .4; }
.soft { color: var(--soft); } .scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .85rem; padding-bottom: .4rem; }
th, td { padding: .3rem .55rem; text-align: right; border: 1px solid var(--rule); } th { color: var(--soft); font-weight: 600; white-space: nowrap; }
.digits { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption { font-size: .85rem; color: var(--soft); }
img { width: 100%; max-width: 8.5rem; image-rendering: pixelated; border: 1px solid var(--rule); }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr 1fr; } svg text { font-size: 20px; } }`;

/** Darker where more digits went; the diagonal (read rightly) and the mistakes each on a scale of their own. */
function heatTable(counts: readonly (readonly number[])[]): string {
  const mistakes = Math.max(1, ...counts.flatMap((row, t) => row.filter((_, p) => p !== t)));
  const head = counts.map((_, p) => `<th scope="col">${p}</th>`).join('');
  const rows = counts.map((row, t) => {
    const cells = row.map((n, p) => {
      const heat = p === t ? 0.12 : (n / mistakes) * 0.6;
      return `<td style="background: rgba(var(--heat), ${heat.toFixed(3)})">${n === 0 ? '·' : n}</td>`;
    });
    return `<tr><th scope="row">${t}</th>${cells.join('')}</tr>`;
  });
  return `<table><caption>Rows: the true digit. Columns: what was read.</caption><thead><tr><th scope="col">true \\ read</th>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table>`;
}

/** The page as text. */
export function renderReport({ title, figures, settings, charts, confusion, misread }: Report): string {
  const figureList = figures
    .map(([name, value]) => `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`)
    .join('\n');
  const pictures = misread.map(
    (digit) =>
      `<figure><img src="${digitPicture(digit.pixels)}" alt="A handwritten ${digit.truth}"><figcaption>${escapeHtml(caption(digit))}</figcaption></figure>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
<dl>${figureList}</dl>
<p class="soft">${escapeHtml(settings)}</p>
${charts.map((chart) => `<h2>${escapeHtml(chart.title)}</h2>\n${renderChart(chart)}`).join('\n')}
<h2>Confusion matrix</h2>
<!-- Wider than a telephone: it scrolls by itself, with the keyboard too. -->
<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">${heatTable(confusion)}</div>
<h2>Misread with most confidence</h2>
${pictures.length === 0 ? '<p>None was misread.</p>' : `<div class="digits">${pictures.join('\n')}</div>`}
</main>
</body>
</html>
`;
}

/** Makes the folder of a report. @throws what the system says, now rather than after the training it would lose */
export function prepareReport(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  accessSync(dirname(path), constants.W_OK);
}

/** Writes the page whole or not at all: a reader never sees half a file. */
export function writeReport(path: string, report: Report): void {
  const part = `${path}.${process.pid}.part`;
  try {
    writeFileSync(part, renderReport(report));
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
