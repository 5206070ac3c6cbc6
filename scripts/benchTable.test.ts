import { wideTable } from './benchTable.mjs';

const row = (workload: string, library: string, median: number, note = '') => ({
  suite: 'kernels',
  workload,
  library,
  medianMicroseconds: median,
  minMicroseconds: median / 2,
  note,
});

it('says how many times as long as ours each library takes', () => {
  const rows = [
    row('add', 'cotangent', 200, '60 GB/s'),
    row('add', 'PyTorch', 100),
    row('add', 'TF.js cpu', 5000),
    row('ceiling: copy', 'ceiling', 2.5, '30 GB/s'),
    row('conv', 'cotangent', 12.345),
    row('conv', 'PyTorch', 12.345),
  ];
  expect(wideTable(rows, 'medianMicroseconds')).toEqual([
    '| workload | µs | note | PyTorch | TF.js cpu |',
    '| --- | --: | --- | --: | --: |',
    '| add | 200 | 60 GB/s | 0.50 | 25.00 |',
    '| ceiling: copy | 2.50 | 30 GB/s | – | – |',
    '| conv | 12.3 |  | 1.00 | – |',
  ]);
  expect(wideTable(rows, 'minMicroseconds')[2]).toBe('| add | 100 | 60 GB/s | 0.50 | 25.00 |');
});
