import {
  enableGrad,
  grad,
  inferenceMode,
  isRecording,
  isTraining,
  noGrad,
  pause,
  predictMode,
  record,
  type Tensor,
  tensor,
  trainMode,
} from './index.js';

describe('noGrad(f) and enableGrad(f)', () => {
  it('switch recording off and on, and give back what f returns', () => {
    const w = tensor(2, { requiresGrad: true });
    expect(noGrad(() => w.mul(3).requiresGrad)).toBe(false);
    expect(noGrad(() => enableGrad(() => w.mul(3).requiresGrad))).toBe(true);
    expect(noGrad(() => 7)).toBe(7);
  });

  it('nest, and restore what was before', () => {
    const seen = [isRecording()];
    noGrad(() => {
      seen.push(isRecording());
      enableGrad(() => {
        seen.push(isRecording());
        noGrad(() => seen.push(isRecording()));
        seen.push(isRecording());
      });
      seen.push(isRecording());
    });
    seen.push(isRecording());
    expect(seen).toEqual([true, false, true, false, true, false, true]);
  });

  it('restore it after an exception too', () => {
    expect(() =>
      noGrad(() => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(isRecording()).toBe(true);
    expect(() =>
      noGrad(() =>
        grad((_: Tensor) => {
          throw new Error('no');
        })(tensor(1)),
      ),
    ).toThrow('no');
    expect(isRecording()).toBe(true);
  });

  it('are undone inside grad, which records its function always', () => {
    const seen: boolean[] = [];
    noGrad(() =>
      grad((x: Tensor) => {
        seen.push(isRecording());
        return x;
      })(tensor(1)),
    );
    expect([...seen, isRecording()]).toEqual([true, true]);
  });

  it('leave leaves as they are: one made under noGrad can be trained', () => {
    const w = noGrad(() => tensor(2, { requiresGrad: true }));
    w.square().backward();
    expect(w.grad!.item()).toBe(4);
  });
});

describe('record(f) and pause(f)', () => {
  it('set recording and training, and restore them', () => {
    const w = tensor(2, { requiresGrad: true });
    const seen: unknown[] = [];
    const look = () => seen.push([isRecording(), isTraining()]);
    look();
    record(() => {
      look();
      pause(look);
      pause(look, { training: true });
      predictMode(look);
      look();
    });
    record(look, { training: false });
    noGrad(() => trainMode(look));
    look();
    expect(seen).toEqual([
      [true, null],
      [true, true],
      [false, false],
      [false, true],
      [true, false],
      [true, true],
      [true, false],
      [false, true],
      [true, null],
    ]);
    record(() => w.square()).backward();
    expect(w.grad!.item()).toBe(4);
  });
});

describe('inferenceMode(f)', () => {
  it('records nothing, whatever is called', () => {
    const w = tensor(2, { requiresGrad: true });
    expect(inferenceMode(() => w.mul(3).requiresGrad)).toBe(false);
    for (const [name, f] of [
      ['enableGrad', () => enableGrad(() => w)],
      ['record', () => record(() => w)],
      ['grad', () => grad((x: Tensor) => x)(tensor(1))],
    ] as const) {
      expect(() => inferenceMode(f)).toThrow(`${name}: got called inside inferenceMode, where nothing is recorded`);
    }
    expect(isRecording()).toBe(true);
  });
});

it('modes refuse asynchronous functions, which would run in another mode after their first await', () => {
  for (const [name, mode] of Object.entries({
    noGrad,
    enableGrad,
    inferenceMode,
    record,
    pause,
    trainMode,
    predictMode,
  })) {
    expect(() => mode(async () => 1)).toThrow(`${name}: got an asynchronous function`);
  }
});
