"""PyTorch and NumPy on the workloads of the kernels suite: answers one JSON line with one line (see python.ts)."""
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(1)


def fill(shape, dtype='float32', limit=1):
    places = np.arange(int(np.prod(shape)))
    values = places % 2 if dtype == 'bool' else places * 7919 % limit if dtype == 'int32' else 0.1 + (places % 97) / 100
    return values.astype(dtype).reshape(shape)


def flat(t):
    """[batch, 1, height, width, channels] as PyTorch has it: [batch, channels, height, width], channels last in memory."""
    return t[:, 0].permute(0, 3, 1, 2)


def convolution(operation, inputs, attributes, out):
    groups, side = attributes['groups'], attributes['padding'][1][0]
    weight = lambda w: w[0].permute(3, 2, 0, 1).contiguous()
    if operation == 'convolution':
        x, w = flat(inputs[0]), weight(inputs[1])
        return lambda: F.conv2d(x, w, padding=side, groups=groups)
    if operation == 'convolutionInputGradient':
        g, w = flat(inputs[0]), weight(inputs[1])
        size = [out[0], out[4], out[2], out[3]]
        return lambda: torch.nn.grad.conv2d_input(size, w, g, padding=side, groups=groups)
    x, g = flat(inputs[0]), flat(inputs[1])
    size = [out[4], out[3], out[1], out[2]]
    return lambda: torch.nn.grad.conv2d_weight(x, size, g, padding=side, groups=groups)


def recurrent(operation, shapes):
    """A layer of its own weights; backward: once through a graph that is kept."""
    backward = operation.endswith('Backward')
    (_, batch, features), (units, _) = shapes[1 if backward else 0], shapes[3 if backward else 2]
    layer = (torch.nn.LSTM if operation.startswith('lstm') else torch.nn.GRU)(features, units)
    x = torch.from_numpy(fill(shapes[1 if backward else 0]))
    if not backward:
        return lambda: layer(x)
    with torch.enable_grad():
        y, _ = layer(x.requires_grad_())
    wanted = [x, *layer.parameters()]
    return lambda: torch.autograd.grad(y, wanted, torch.ones_like(y), retain_graph=True)


def attention(operation, inputs, attributes):
    q, k, v = inputs[:3] if operation == 'attention' else inputs[1:4]
    attributes = attributes.get('attributes') or attributes
    scale = attributes['scale']
    masks = [t for t in inputs if t.dtype == torch.bool]
    hidden = ~masks[0] if masks else torch.ones(q.shape[1], k.shape[1]).triu(1).bool() if attributes['causal'] else None
    scores = lambda: torch.bmm(q, k.transpose(1, 2)) * scale
    run = lambda: torch.bmm(torch.softmax(scores() if hidden is None else scores().masked_fill(hidden, -torch.inf), -1), v)
    if operation == 'attention':
        return run
    with torch.enable_grad():
        for t in (q, k, v):
            t.requires_grad_()
        y = run()
    return lambda: torch.autograd.grad(y, [q, k, v], inputs[0], retain_graph=True)


def normalization(operation, inputs, attributes):
    """With what is learned, and groups: backward once through a graph that is kept, with the statistics in it."""
    backward = operation.endswith('Backward')
    attributes = attributes.get('attributes') or attributes
    x, scale = inputs[1 if backward else 0], inputs[-1]
    if operation.startswith('rms'):
        run = lambda: x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-5) * scale
    elif operation.startswith('normalize'):
        run = lambda: F.group_norm(x.permute(0, 2, 3, 1).reshape(x.shape[0], -1, x.shape[1]), x.shape[2])
    elif attributes['along'] == 'rows':
        run = lambda: F.layer_norm(x, x.shape[1:], scale, scale)
    else:
        run = lambda: F.batch_norm(x, None, None, scale, scale, training=True)
    if not backward:
        return run
    wanted = [x] if operation.startswith('normalize') else [x, scale]
    with torch.enable_grad():
        for t in wanted:
            t.requires_grad_()
        y = run()
    g = inputs[0].reshape(y.shape)
    return lambda: torch.autograd.grad(y, wanted, g, retain_graph=True)


def update(operation, inputs, out):
    w = torch.nn.Parameter(torch.from_numpy(fill(out)))
    w.grad = inputs[-1]
    optimizer = torch.optim.SGD([w], 1e-3) if operation == 'sgd' else torch.optim.Adam([w], 1e-3)
    return optimizer.step


def others(operation, inputs, attributes, out, target):
    a, b, axis = inputs[0] if inputs else None, inputs[-1] if inputs else None, 1
    if operation in ('gather', 'scatterAdd', 'gatherAlong', 'softmaxCrossEntropy', 'softmaxCrossEntropyBackward'):
        b = b.long()
    if operation == 'softmaxCrossEntropyBackward':
        logits = inputs[1].requires_grad_()
        with torch.enable_grad():
            loss = F.cross_entropy(logits, b, reduction='none')
        return lambda: torch.autograd.grad(loss, logits, a, retain_graph=True)
    return {
        'power': lambda: torch.pow(a, b, out=target), 'less': lambda: torch.lt(a, b, out=target), 'where': lambda: torch.where(a, inputs[1], b), 'clip': lambda: torch.clamp(a, 0.2, 0.8, out=target),
        'cast': lambda: target.copy_(a), 'argmax': lambda: torch.argmax(a, axis), 'logSumExp': lambda: torch.logsumexp(a, axis, out=target), 'cumsum': lambda: torch.cumsum(a, axis, out=target),
        'argsort': lambda: torch.argsort(a, axis), 'gather': lambda: torch.index_select(a, 0, b, out=target), 'scatterAdd': lambda: target.zero_().index_add_(0, b, a), 'gatherAlong': lambda: torch.gather(a, axis, b, out=target),
        'concat': lambda: torch.cat([a, b], axis, out=target), 'placeSlice': lambda: F.pad(a, (1, 1, 1, 1)), 'uniform': lambda: target.uniform_(), 'dropout': lambda: F.dropout(a, 0.5), 'euclideanNorm': lambda: torch.linalg.vector_norm(a, out=target),
        'softmaxCrossEntropy': lambda: F.cross_entropy(a, b, reduction='none'),
    }.get(operation)


def with_torch(operation, shapes, attributes, out, dtypes, limit):
    if operation.startswith(('lstm', 'gru')):
        return recurrent(operation, shapes)
    inputs = [torch.from_numpy(fill(shape, dtype, limit)) for shape, dtype in zip(shapes, dtypes)]
    if operation.startswith('convolution'):
        return convolution(operation, inputs, attributes, out)
    if operation.startswith('attention'):
        return attention(operation, inputs, attributes)
    if operation.startswith(('affineNormalize', 'rmsNormalize')) or operation.startswith('normalize') and attributes['axes'] == [1, 3]:
        return normalization(operation, inputs, attributes)
    if operation == 'dense':
        return lambda: torch.relu_(torch.addmm(inputs[2], inputs[0], inputs[1]))
    if operation in ('sgd', 'adam'):
        return update(operation, inputs, out)
    # Results go into memory that is there already, as ours do, where the function allows.
    target = torch.empty(out, dtype=getattr(torch, dtypes[-1]))
    other = others(operation, inputs, attributes, out, target)
    if other is not None:
        return other
    a, b = inputs[0], inputs[-1]
    unary = {'relu': lambda: torch.clamp_min(a, 0, out=target), 'sqrt': lambda: torch.sqrt(a, out=target), 'exp': lambda: torch.exp(a, out=target), 'log': lambda: torch.log(a, out=target),
             'tanh': lambda: torch.tanh(a, out=target), 'sigmoid': lambda: torch.sigmoid(a, out=target), 'sin': lambda: torch.sin(a, out=target), 'erf': lambda: torch.erf(a, out=target), 'gelu': lambda: F.gelu(a), 'geluTanh': lambda: F.gelu(a, approximate='tanh'), 'silu': lambda: F.silu(a), 'geluBackward': lambda: torch.ops.aten.gelu_backward(a, b)}
    if operation in unary:
        return unary[operation]
    axes = (attributes or {}).get('axes')
    if operation == 'softmaxBackward':
        return lambda: torch.ops.aten._softmax_backward_data(a, b, 1, torch.float32)
    if operation == 'logSoftmaxBackward':
        return lambda: torch.ops.aten._log_softmax_backward_data(a, b, 1, torch.float32)
    if operation == 'normalizeBackward' and axes == [1]:
        _, mean, scale = torch.ops.aten.native_layer_norm(b, b.shape[1:], None, None, 1e-5)
        return lambda: torch.ops.aten.native_layer_norm_backward(a, b, b.shape[1:], mean, scale, None, None, [True, False, False])
    if operation == 'normalizeBackward':
        _, mean, scale = torch.ops.aten.native_batch_norm(b, None, None, None, None, True, 0.1, 1e-5)
        return lambda: torch.ops.aten.native_batch_norm_backward(a, b, None, None, None, mean, scale, True, 1e-5, [True, False, False])
    if operation == 'maxPoolScatter':
        g, x = flat(a), flat(b)
        _, places = F.max_pool2d(x, 2, return_indices=True)
        return lambda: torch.ops.aten.max_pool2d_with_indices_backward(g, x, [2, 2], [2, 2], [0, 0], [1, 1], False, places)
    return {
        'matmul': lambda: torch.matmul(a, b, out=target), 'add': lambda: torch.add(a, b, out=target), 'multiply': lambda: torch.mul(a, b, out=target), 'maximum': lambda: torch.maximum(a, b, out=target),
        'sum': lambda: torch.sum(a, axes, out=target), 'max': lambda: torch.amax(a, axes, out=target), 'softmax': lambda: F.softmax(a, 1), 'logSoftmax': lambda: F.log_softmax(a, 1),
        'normalize': lambda: F.layer_norm(a, a.shape[1:]) if axes == [1] else F.batch_norm(a, None, None, training=True),
        'transpose': lambda: target.copy_(a.T), 'maxPool': (lambda: F.max_pool2d(flat(a), 2)) if a.dim() == 5 else None, 'sumPool': lambda: F.avg_pool2d(flat(a), 2),
    }.get(operation)


def with_numpy(operation, shapes, attributes, out, dtypes, limit):
    if operation.startswith('convolution'):
        return None
    inputs = [fill(shape, dtype, limit) for shape, dtype in zip(shapes, dtypes)]
    a, b = inputs[0] if inputs else None, inputs[-1] if inputs else None
    target = np.empty(out, dtype=dtypes[-1])
    generator = np.random.default_rng(1)
    axes = tuple((attributes or {}).get('axes') or ())
    return {
        'matmul': lambda: np.matmul(a, b, out=target), 'add': lambda: np.add(a, b, out=target), 'multiply': lambda: np.multiply(a, b, out=target), 'maximum': lambda: np.maximum(a, b, out=target),
        'relu': lambda: np.maximum(a, 0, out=target), 'sqrt': lambda: np.sqrt(a, out=target), 'exp': lambda: np.exp(a, out=target), 'log': lambda: np.log(a, out=target), 'tanh': lambda: np.tanh(a, out=target),
        'sin': lambda: np.sin(a, out=target), 'sum': lambda: np.sum(a, axis=axes, out=target), 'max': lambda: np.max(a, axis=axes, out=target), 'transpose': lambda: np.copyto(target, a.T),
        'power': lambda: np.power(a, b, out=target), 'less': lambda: np.less(a, b, out=target), 'where': lambda: np.where(a, inputs[1], b), 'clip': lambda: np.clip(a, 0.2, 0.8, out=target),
        'cast': lambda: np.copyto(target, a, casting='unsafe'), 'argmax': lambda: np.argmax(a, 1), 'cumsum': lambda: np.cumsum(a, 1, out=target), 'argsort': lambda: np.argsort(a, 1), 'gather': lambda: np.take(a, b, 0, out=target),
        'gatherAlong': lambda: np.take_along_axis(a, b, 1), 'concat': lambda: np.concatenate(inputs, 1, out=target), 'placeSlice': lambda: np.pad(a, 1), 'uniform': lambda: generator.random(out=target, dtype=np.float32),
        'euclideanNorm': lambda: np.linalg.norm(a),
    }.get(operation)


calls = {}
for line in sys.stdin:
    question = json.loads(line)
    if 'prepare' in question:
        make = with_torch if question['library'] == 'PyTorch' else with_numpy
        try:
            with torch.no_grad():
                call = make(*(question[name] for name in ('operation', 'shapes', 'attributes', 'out', 'dtypes', 'indexLimit')))
                if call is not None:
                    call()
        except Exception as error:
            print(f"{question['library']} {question['operation']}: {error}", file=sys.stderr)
            call = None
        calls = {question['prepare']: call, **{k: v for k, v in calls.items() if k >= question['prepare'] - 2}}
        answer = call is not None
    else:
        call, count = calls[question['time']], question['calls']
        with torch.no_grad():
            start = time.perf_counter()
            for _ in range(count):
                call()
            answer = (time.perf_counter() - start) * 1000 / count
    print(json.dumps(answer), flush=True)
