"""PyTorch on the workloads of the training suite: `python3 training.py WORKLOAD`; see worker.ts for what is said on the pipes."""
import json
import math
import resource
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


def noise(seed, size):
    with np.errstate(over='ignore'):
        h = (np.arange(size, dtype=np.uint32) + np.uint32(seed * 1_000_003 & 0xFFFFFFFF)) * np.uint32(0x9E3779B1)
        h = (h ^ (h >> np.uint32(15))) * np.uint32(0x85EBCA77)
    return (h ^ (h >> np.uint32(13))) / 2.0**32


def uniform(seed, shape, low=0.0, high=1.0):
    return torch.from_numpy((low + (high - low) * noise(seed, math.prod(shape))).astype(np.float32).reshape(shape))


def glorot(seed, shape):
    limit = math.sqrt(6 / (math.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return uniform(seed, shape, -limit, limit)


def classes(seed, shape, count):
    return torch.from_numpy(np.floor(noise(seed, math.prod(shape)) * count).astype(np.int64).reshape(shape))


class Seeds:
    """Kernels are drawn in the order in which they are asked for."""

    def __init__(self):
        self.next = 100

    def __call__(self):
        self.next += 1
        return self.next - 1


def dense(seeds, inputs, outputs):
    layer = nn.Linear(inputs, outputs)
    layer.weight.data = glorot(seeds(), [inputs, outputs]).T.contiguous()
    layer.bias.data.zero_()
    return layer


def conv(seeds, side, inputs, outputs, stride=1, bias=True):
    layer = nn.Conv2d(inputs, outputs, side, stride=stride, padding=side // 2, bias=bias)
    layer.weight.data = glorot(seeds(), [side, side, inputs, outputs]).permute(3, 2, 0, 1).contiguous()
    if bias:
        layer.bias.data.zero_()
    return layer


def embedding(seeds, count, width):
    layer = nn.Embedding(count, width)
    layer.weight.data = uniform(seeds(), [count, width], -0.05, 0.05)
    return layer


def mlp():
    s = Seeds()
    return nn.Sequential(dense(s, 784, 256), nn.ReLU(), dense(s, 256, 128), nn.ReLU(), dense(s, 128, 10))


class ChannelsLast(nn.Module):
    """As the dense layer behind it expects: [batch, height · width · channels]."""

    def forward(self, x):
        return x.permute(0, 2, 3, 1).flatten(1)


def cnn():
    s = Seeds()
    return nn.Sequential(conv(s, 5, 1, 16), nn.ReLU(), nn.MaxPool2d(2), conv(s, 5, 16, 32), nn.ReLU(), nn.MaxPool2d(2), ChannelsLast(), dense(s, 7 * 7 * 32, 10))


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        s = Seeds()
        self.lstm = nn.LSTM(64, 128, batch_first=True)
        self.lstm.weight_ih_l0.data = glorot(s(), [64, 512]).T.contiguous()
        self.lstm.weight_hh_l0.data = glorot(s(), [128, 512]).T.contiguous()
        self.lstm.bias_ih_l0.data.zero_()
        self.lstm.bias_hh_l0.data.zero_()
        self.lstm.bias_hh_l0.requires_grad_(False)
        self.dense = dense(s, 128, 10)

    def forward(self, x):
        return self.dense(self.lstm(x)[0][:, -1])


class Block(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(128), nn.LayerNorm(128)
        q, k, v = dense(s, 128, 128), dense(s, 128, 128), dense(s, 128, 128)
        self.qkv = nn.Linear(128, 384)
        self.qkv.weight.data = torch.cat([q.weight.data, k.weight.data, v.weight.data])
        self.qkv.bias.data.zero_()
        self.out = dense(s, 128, 128)
        self.up, self.down = dense(s, 128, 512), dense(s, 512, 128)
        self.register_buffer('mask', torch.full((64, 64), float('-inf')).triu(1))

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = (y.view(b, t, 4, 32).transpose(1, 2) for y in self.qkv(self.norm1(x)).split(128, dim=2))
        weights = F.softmax(q @ k.transpose(-2, -1) / math.sqrt(32) + self.mask, dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(b, t, 128))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        s = Seeds()
        self.tokens, self.positions = embedding(s, 256, 128), embedding(s, 64, 128)
        self.blocks = nn.ModuleList([Block(s), Block(s)])
        self.norm, self.scores = nn.LayerNorm(128), dense(s, 128, 256)

    def forward(self, x):
        h = self.tokens(x) + self.positions.weight
        for block in self.blocks:
            h = block(h)
        return self.scores(self.norm(h))


class ResidualBlock(nn.Module):
    def __init__(self, s, inputs, outputs, stride):
        super().__init__()
        self.first, self.norm1 = conv(s, 3, inputs, outputs, stride, False), nn.BatchNorm2d(outputs)
        self.second, self.norm2 = conv(s, 3, outputs, outputs, 1, False), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential() if stride == 1 else nn.Sequential(conv(s, 1, inputs, outputs, stride, False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        h = F.relu(self.norm1(self.first(x)))
        return F.relu(self.norm2(self.second(h)) + self.shortcut(x))


def resnet():
    s = Seeds()
    layers = [conv(s, 3, 3, 16, 1, False), nn.BatchNorm2d(16), nn.ReLU()]
    width = 16
    for stage, filters in enumerate([16, 32, 64]):
        for block in range(3):
            layers.append(ResidualBlock(s, width, filters, 2 if stage > 0 and block == 0 else 1))
            width = filters
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), dense(s, 64, 10))


def autoencoder():
    s = Seeds()
    return nn.Sequential(dense(s, 784, 512), nn.ReLU(), dense(s, 512, 64), nn.ReLU(), dense(s, 64, 512), nn.ReLU(), dense(s, 512, 784))


def images(shape):
    return uniform(1, shape).permute(0, 3, 1, 2).contiguous()


def adam(parameters):
    return torch.optim.Adam(parameters, lr=1e-3, eps=1e-8)


def training(model, x, y, loss, make_optimizer):
    optimizer = make_optimizer([p for p in model.parameters() if p.requires_grad])

    def step():
        value = loss(model(x), y)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        return value

    return step


def inference(model, x):
    model.eval()

    def step():
        with torch.no_grad():
            return model(x).reshape(-1)[0]

    return step


def tiny():
    s = Seeds()
    model = nn.Sequential(dense(s, 8, 8), nn.Tanh(), dense(s, 8, 1))
    return training(model, uniform(1, [8, 8]), uniform(2, [8, 1]), F.mse_loss, lambda p: torch.optim.SGD(p, lr=0.01))


def transformer():
    loss = lambda logits, y: F.cross_entropy(logits.view(-1, 256), y.view(-1))
    return training(Transformer(), classes(1, [16, 64], 256), classes(2, [16, 64], 256), loss, adam)


def overhead():
    w, y = torch.zeros(16, requires_grad=True), torch.full((16,), 1e-3)

    def step():
        total = w
        for _ in range(1000):
            total = total + y
        total = total.sum()
        total.backward()
        w.grad = None
        return total

    return step


def autoencoder_step():
    x = uniform(1, [128, 784])
    return training(autoencoder(), x, x, F.mse_loss, adam)


makers = {
    'tiny': tiny,
    'mlp': lambda: training(mlp(), uniform(1, [64, 784]), classes(2, [64], 10), F.cross_entropy, adam),
    'cnn': lambda: training(cnn(), images([32, 28, 28, 1]), classes(2, [32], 10), F.cross_entropy, adam),
    'lstm': lambda: training(LSTM(), uniform(1, [32, 32, 64]), classes(2, [32], 10), F.cross_entropy, adam),
    'transformer': transformer,
    'resnet': lambda: training(resnet(), images([16, 32, 32, 3]), classes(2, [16], 10), F.cross_entropy, lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)),
    'autoencoder': autoencoder_step,
    'mlp inference 1': lambda: inference(mlp(), uniform(1, [1, 784])),
    'mlp inference 64': lambda: inference(mlp(), uniform(1, [64, 784])),
    'cnn inference 1': lambda: inference(cnn(), images([1, 28, 28, 1])),
    'cnn inference 64': lambda: inference(cnn(), images([64, 28, 28, 1])),
    'overhead': overhead,
}

step = makers[sys.argv[1]]()
step()
print('ready', flush=True)
for line in sys.stdin:
    count = int(line)
    start = time.perf_counter()
    for _ in range(count):
        last = step()
    value = float(last)
    milliseconds = (time.perf_counter() - start) * 1000 / count
    print(json.dumps({'milliseconds': milliseconds, 'value': value, 'peakMegabytes': resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
