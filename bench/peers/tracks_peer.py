"""The peer of `npm run bench tracks`: Enformer in PyTorch from the weights of a model folder, one command a line on stdin.

{"do": "setup", "folder": FOLDER, "sequence": FILE.npy}  reads model.json and weights.safetensors, answers {"ok": true, ...}
{"do": "run"}     one forward pass without gradients, answers {"ms": ...}
{"do": "save", "to": FILE.npy}  writes the human head of the last pass
{"do": "rss"}     answers the peak resident memory in bytes
"""
import json
import math
import os
import resource
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = os.environ.get("BENCH_THREADS", "2")

import numpy as np
import torch
import torch.nn.functional as F

torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))


def weights_of(folder):
    """Tensors by name, each read once into memory of its own: no second copy."""
    path = os.path.join(folder, "weights.safetensors")
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    start = 8 + size
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        values = np.fromfile(path, dtype="<f4", count=(end - begin) // 4, offset=start + begin)
        weights[name] = torch.from_numpy(values.reshape(entry["shape"]))
    return weights


def position_features(tokens, features):
    """Exponential, central mask and gamma bases of |d|, then the same times sign(d); the gamma basis over its largest value by feature."""
    basis = features // 6
    d = np.abs(np.arange(-tokens + 1, tokens, dtype=np.float64))[:, None]
    half = 2.0 ** np.linspace(3, math.log2(tokens), basis)
    exponential = np.exp(-math.log(2.0) / half * d)
    mask = (2.0 ** np.arange(1, basis + 1) - 1 > d).astype(np.float64)
    mean, deviation = tokens / basis * np.arange(1, basis + 1), tokens / (2 * basis)
    shape, rate = (mean / deviation) ** 2, mean / deviation**2
    norm = np.array([math.lgamma(a) for a in shape]) - shape * np.log(rate)
    with np.errstate(divide="ignore"):
        gamma = np.exp((shape - 1) * np.log(d) - rate * d - norm) + 1e-8
    gamma /= gamma.max(axis=0)
    one = np.concatenate([exponential, mask, gamma], axis=1)
    sign = np.sign(np.arange(-tokens + 1, tokens))[:, None]
    return torch.from_numpy(np.concatenate([one, sign * one], axis=1).astype(np.float32))


class Enformer:
    def __init__(self, folder, sequence):
        with open(os.path.join(folder, "model.json")) as file:
            self.config = json.load(file)["architecture"]
        self.w = weights_of(folder)
        self.sequence = torch.from_numpy(np.load(sequence)).transpose(1, 2).contiguous()
        self.features = {}

    def norm(self, name, x):
        w = self.w
        return F.batch_norm(
            x, w[name + ".running_mean"], w[name + ".running_var"], w[name + ".weight"], w[name + ".bias"], False, 0.0, 1e-5
        )

    def conv(self, name, x):
        weight = self.w[name + ".weight"]
        return F.conv1d(x, weight, self.w[name + ".bias"], padding=weight.shape[2] // 2)

    def gelu(self, x):
        return torch.sigmoid(1.702 * x) * x

    def block(self, name, x):
        return self.conv(name + ".2", self.gelu(self.norm(name + ".0", x)))

    def pool(self, name, x):
        """Softmax over pairs of positions, weights by channel: a 1x1 convolution of both positions, as published ports have it."""
        batch, channels, length = x.shape
        weight = self.w[name + ".to_attn_logits.weight"].reshape(channels, channels, 1, 1)
        pairs = x.reshape(batch, channels, length // 2, 2)
        return (pairs * F.conv2d(pairs, weight).softmax(dim=-1)).sum(dim=-1)

    def attention(self, name, x):
        c, w = self.config, self.w
        heads, key, tokens = c["heads"], c["keySize"], x.shape[1]
        split = lambda y: y.reshape(x.shape[0], -1, heads, y.shape[-1] // heads).transpose(1, 2)
        q = split(F.linear(x, w[name + ".to_q.weight"])) * key**-0.5
        k = split(F.linear(x, w[name + ".to_k.weight"]))
        v = split(F.linear(x, w[name + ".to_v.weight"]))
        if tokens not in self.features:
            self.features[tokens] = position_features(tokens, c["positionFeatures"])
        relative = F.linear(self.features[tokens], w[name + ".to_rel_k.weight"])
        relative = relative.reshape(2 * tokens - 1, heads, key).transpose(0, 1)
        content = torch.matmul(q + w[name + ".rel_content_bias"], k.transpose(-1, -2))
        by_distance = torch.matmul(q + w[name + ".rel_pos_bias"], relative.transpose(-1, -2))
        b, h, t, d = by_distance.shape
        shifted = F.pad(by_distance, (1, 0)).reshape(b, h, d + 1, t)[:, :, 1:].reshape(b, h, t, d)[..., :tokens]
        shares = (content + shifted).softmax(dim=-1)
        joined = torch.matmul(shares, v).transpose(1, 2).reshape(x.shape[0], tokens, -1)
        return F.linear(joined, w[name + ".to_out.weight"], w[name + ".to_out.bias"])

    def forward(self):
        c, w = self.config, self.w
        x = self.conv("stem.0", self.sequence)
        x = self.pool("stem.2", x + self.block("stem.1.fn", x))
        for i in range(len(c["towerFilters"])):
            x = self.block("conv_tower.%d.0" % i, x)
            x = self.pool("conv_tower.%d.2" % i, x + self.block("conv_tower.%d.1.fn" % i, x))
        x = x.transpose(1, 2)
        layer = lambda name, x: F.layer_norm(x, x.shape[-1:], w[name + ".weight"], w[name + ".bias"])
        linear = lambda name, x: F.linear(x, w[name + ".weight"], w[name + ".bias"])
        for i in range(c["layers"]):
            name = "transformer.%d." % i
            x = x + self.attention(name + "0.fn.1", layer(name + "0.fn.0", x))
            inner = F.relu(linear(name + "1.fn.1", layer(name + "1.fn.0", x)))
            x = x + linear(name + "1.fn.4", inner)
        edge = (x.shape[1] - c["targetBins"]) // 2
        x = x[:, edge : x.shape[1] - edge].transpose(1, 2)
        x = self.gelu(self.block("final_pointwise.1", x)).transpose(1, 2)
        return F.softplus(linear("_heads.human.0", x))

    def run(self):
        self.y = None
        with torch.no_grad():
            self.y = self.forward()


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    work = None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "setup":
            work = Enformer(command["folder"], command["sequence"])
            answer({"ok": True, "torch": torch.__version__})
        elif command["do"] == "run":
            start = time.perf_counter()
            work.run()
            answer({"ms": 1000 * (time.perf_counter() - start)})
        elif command["do"] == "save":
            np.save(command["to"], np.ascontiguousarray(work.y.numpy(), dtype=np.float32))
            answer({"ok": True})
        elif command["do"] == "rss":
            answer({"bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})


main()
