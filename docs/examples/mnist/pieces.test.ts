import { decode } from 'fast-png';
import { confusionMatrix, showConfusion } from './confusion.js';
import { renderChart, smoothed, ticks } from './curve.js';
import { caption, digitPicture, drawDigit, drawDigits } from './drawDigit.js';
import { renderReport } from './report.js';

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

  it('sets digits side by side under their captions', () => {
    const digit = { pixels, truth: 4, read: 9, confidence: 0.934 };
    expect(caption(digit)).toBe('true 4, read 9 (93 %)');
    expect(drawDigits([digit, digit, digit], 2).split('\n')).toHaveLength(30);
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

describe('renderReport(report)', () => {
  it('is one page without outside resources, with everything escaped', () => {
    const page = renderReport({
      title: '"Run" <1>',
      figures: [['Accuracy', '<97 %>']],
      charts: [],
      confusion: [[1]],
      misread: [{ pixels: new Float32Array(784), truth: 1, read: 7, confidence: 0.5 }],
    });
    expect(page).toContain('&#34;Run&#34; &#60;1&#62;');
    expect(page).toContain('&#60;97 %&#62;');
    expect(page).toContain('alt="A handwritten 1"');
    expect(page).not.toMatch(/(src|href)="(?!data:)/);
  });
});
