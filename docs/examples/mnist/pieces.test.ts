import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { confusionMatrix, showConfusion } from './confusion.js';
import { renderChart, smoothed, thinned, ticks } from './curve.js';
import { caption, digitPicture, drawDigit, drawDigits, inkFrame } from './drawDigit.js';
import { type Report, renderReport, writeReport } from './report.js';

describe('confusionMatrix(labels, read, classes)', () => {
  it('counts by true digit and digit read', () => {
    const counts = confusionMatrix([0, 1, 1, 2], [0, 1, 2, 2], 3);
    expect(counts).toEqual([
      [1, 0, 0],
      [0, 1, 1],
      [0, 0, 1],
    ]);
    expect(showConfusion(counts)).toBe(
      [
        'true \\ read    0    1    2',
        '          0    1    ·    ·',
        '          1    ·    1    1',
        '          2    ·    ·    1',
      ].join('\n'),
    );
  });
});

describe('drawDigit(pixels)', () => {
  const pixels = new Float32Array(784);
  pixels[0] = 1; // the upper left
  pixels[28 + 1] = 1; // below and right of it
  pixels[783] = 1;

  it('puts two pixels into one character', () => {
    const lines = drawDigit(pixels);
    expect(lines).toHaveLength(14);
    expect(lines[0]!.slice(0, 3)).toBe('▀▄ ');
    expect(lines[13]!.endsWith('▄')).toBe(true);
  });

  /** An upright stroke: column 10, rows 5 to 7. */
  const stroke = new Float32Array(784);
  for (const row of [5, 6, 7]) stroke[row * 28 + 10] = 1;

  it('draws only what a frame shows, and finds the frame that holds the ink of all', () => {
    const frame = inkFrame([stroke]);
    expect(frame).toEqual({ top: 5, bottom: 8, left: 10, right: 11 });
    expect(drawDigit(stroke, frame)).toEqual(['█', '▀']);
    expect(inkFrame([pixels, stroke])).toEqual({ top: 0, bottom: 28, left: 0, right: 28 });
    expect(inkFrame([new Float32Array(784)])).toEqual({ top: 0, bottom: 28, left: 0, right: 28 });
  });

  it('sets digits side by side under their captions, in 80 columns', () => {
    const digit = { pixels: stroke, truth: 4, read: 9, confidence: 0.934 };
    expect(caption(digit)).toBe('true 4, read 9 (93 %)');
    expect(drawDigits([digit, { ...digit, confidence: 1 }]).split('\n')).toEqual([
      'true 4, read 9 (93 %)    true 4, read 9 (100 %)',
      '',
      '█                        █',
      '▀                        ▀',
    ]);
    expect(drawDigits([])).toBe('');
    const three = drawDigits([digit, digit, digit]).split('\n');
    expect(Math.max(...three.map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it('makes a PNG of the same pixels, dark on white', () => {
    const png = decode(Buffer.from(digitPicture(pixels).split(',')[1]!, 'base64'));
    expect([png.width, png.height, png.channels]).toEqual([28, 28, 1]);
    expect([png.data[0], png.data[1], png.data[783]]).toEqual([0, 255, 0]);
  });
});

describe('charts', () => {
  it('have round ticks that cover the data', () => {
    expect(ticks(0.07, 2.31)).toEqual([0, 0.5, 1, 1.5, 2, 2.5]);
    expect(ticks(96.1, 97.6)).toEqual([96, 96.5, 97, 97.5, 98]);
    expect(ticks(3, 3).length).toBeGreaterThan(1);
    expect(ticks(1, 3, 1)).toEqual([1, 2, 3]);
    expect(ticks(1, 1, 1)).toEqual([1, 2]);
    expect(ticks(0, 100, 1)).toEqual([0, 20, 40, 60, 80, 100]);
  });

  it('keep of a long line what can be seen: the extremes of each column, in order', () => {
    const points = Array.from({ length: 1000 }, (_, i) => [i, i === 437 ? 9 : i % 2] as const);
    const kept = thinned(points, 10);
    expect(kept).toHaveLength(20);
    expect(kept).toContainEqual([437, 9]);
    expect(kept.map(([x]) => x)).toEqual(kept.map(([x]) => x).sort((a, b) => a - b));
    expect(thinned(points, 500)).toBe(points);
  });

  it('have room for more points than a call has arguments', () => {
    const points = Array.from({ length: 150_000 }, (_, i) => [i, Math.sin(i)] as const);
    const svg = renderChart({
      title: 't',
      description: 'd',
      xLabel: 'x',
      yLabel: 'y',
      series: [{ name: 'n', points }],
    });
    expect(svg.length).toBeLessThan(40_000);
  });

  it('smooth without a bias at the start', () => {
    expect(smoothed([2, 2, 2], 0.9).map((x) => Number(x.toFixed(12)))).toEqual([2, 2, 2]);
  });

  it('say in words what they show, and escape it', () => {
    const svg = renderChart({
      title: 'A < B',
      description: 'rises & falls',
      xLabel: 'x',
      yLabel: 'y',
      series: [
        {
          name: '<script>',
          points: [
            [0, 0],
            [1, 2],
          ],
        },
      ],
    });
    expect(svg).toContain('A &#60; B</title>');
    expect(svg).toContain('rises &#38; falls');
    expect(svg).not.toContain('<script>');
    expect(svg).not.toContain('NaN');
  });
});

const report: Report = {
  title: '"Run" <1>',
  figures: [['Accuracy', '<97 %>']],
  settings: 'a & b',
  charts: [],
  confusion: [[1]],
  misread: [{ pixels: new Float32Array(784), truth: 1, read: 7, confidence: 0.5 }],
};

describe('renderReport(report)', () => {
  it('is one page without outside resources, with everything escaped', () => {
    const page = renderReport(report);
    expect(page).toContain('&#34;Run&#34; &#60;1&#62;');
    expect(page).toContain('&#60;97 %&#62;');
    expect(page).toContain('a &#38; b');
    expect(page).toContain('alt="A handwritten 1"');
    expect(page).not.toMatch(/(src|href)="(?!data:)|url\(|@import|<script/);
  });

  it('says so when nothing was misread', () => {
    expect(renderReport({ ...report, misread: [] })).toContain('None was misread.');
  });
});

describe('writeReport(path, report)', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cotangent-report-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('replaces what was there and leaves nothing beside it', () => {
    writeFileSync(join(folder, 'report.html'), 'old');
    writeReport(join(folder, 'report.html'), report);
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toBe(renderReport(report));
    expect(readdirSync(folder)).toEqual(['report.html']);
  });

  it('leaves nothing behind when it fails', () => {
    mkdirSync(join(folder, 'report.html'));
    let code: unknown;
    try {
      writeReport(join(folder, 'report.html'), report);
    } catch (error) {
      code = (error as NodeJS.ErrnoException).code;
    }
    expect(code).toMatch(/^E/);
    expect(readdirSync(folder)).toEqual(['report.html']);
  });
});
