import { enableGrad, grad, isRecording, noGrad, type Tensor, tensor } from './index.js';

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
