import { nn, type Tensor } from 'cotangent';

/** A perceptron with a connection around its second layer. Input [batch, 2]; output [batch, 2], logits of the two classes. */
export class Model extends nn.Module {
  private readonly first: nn.Dense;
  private readonly second: nn.Dense;
  private readonly last: nn.Dense;

  /** @param dtype 'float64' to check gradients by differences, which cost half the digits */
  constructor(units = 32, dtype: 'float32' | 'float64' = 'float32') {
    super();
    this.first = new nn.Dense({ units, activation: 'tanh', dtype });
    this.second = new nn.Dense({ units, activation: 'tanh', dtype });
    this.last = new nn.Dense({ units: 2, dtype });
  }

  override forward(x: Tensor): Tensor {
    const hidden = this.first.call(x);
    return this.last.call(hidden.add(this.second.call(hidden)));
  }
}

/** How far logits are from the labels: one number. */
export function lossOf(logits: Tensor, labels: Tensor): Tensor {
  return nn.losses.sparseCategoricalCrossentropy(labels, logits, { fromLogits: true });
}
