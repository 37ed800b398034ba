"""The peer of `npm run bench compute`: the same work in PyTorch or numpy, one command a line on stdin.

{"do": "setup", "kind": KIND, "folder": FOLDER, ...}  reads the arrays that the benchmark wrote, answers {"ok": true, ...}
{"do": "run"}     does the work once, answers {"ms": ...}
{"do": "save"}    writes the result of the last run to FOLDER/peer.npy
{"do": "rss"}     answers the peak resident memory in bytes
"""
import json
import os
import resource
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = os.environ.get("BENCH_THREADS", "2")

import numpy as np


def read(folder, name):
    return np.load(os.path.join(folder, name + ".npy"))


class Matmul:
    def __init__(self, folder, options):
        self.a, self.b = read(folder, "a"), read(folder, "b")

    def run(self):
        self.y = self.a @ self.b

    def result(self):
        return self.y


class Torch:
    def __init__(self):
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        torch.manual_seed(0)
        self.torch = torch

    def tensor(self, folder, name):
        return self.torch.from_numpy(read(folder, name))


class Convolution(Torch):
    def __init__(self, folder, options):
        super().__init__()
        self.x, self.w, self.b = (self.tensor(folder, name) for name in ("x", "w", "b"))

    def run(self):
        with self.torch.no_grad():
            self.y = self.torch.nn.functional.conv1d(self.x, self.w, self.b, padding=self.w.shape[2] // 2)

    def result(self):
        return self.y.numpy()


class Encoder(Torch):
    """torch.nn.TransformerEncoderLayer, post-norm, exact GELU. In eval mode it takes its fused path ("fused"), which is not
    always the faster one; "plain" runs the modules one by one."""

    def __init__(self, folder, options):
        super().__init__()
        torch, nn = self.torch, self.torch.nn
        width, heads, inner = options["width"], options["heads"], options["feedForward"]
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, heads, inner, dropout=0.0, activation="gelu", batch_first=True, layer_norm_eps=1e-5)
            for _ in range(options["layers"])
        )
        with torch.no_grad():
            for i, layer in enumerate(self.layers):
                get = lambda name: self.tensor(folder, "layers.%d.%s" % (i, name))
                attention = layer.self_attn
                attention.in_proj_weight.copy_(torch.cat([get("attention.%s.weight" % m) for m in "qkv"]))
                attention.in_proj_bias.copy_(torch.cat([get("attention.%s.bias" % m) for m in "qkv"]))
                for part, name in (
                    (attention.out_proj, "attention.o"),
                    (layer.linear1, "ff.w1"),
                    (layer.linear2, "ff.w2"),
                    (layer.norm1, "norm1"),
                    (layer.norm2, "norm2"),
                ):
                    part.weight.copy_(get(name + ".weight"))
                    part.bias.copy_(get(name + ".bias"))
        self.x = self.tensor(folder, "x")
        self.training = options["training"]
        if self.training:
            self.target = self.tensor(folder, "target")
            self.optimizer = torch.optim.AdamW(
                self.layers.parameters(), lr=options["rate"], weight_decay=0.01, foreach=options.get("foreach", False)
            )
        elif options["mode"] == "fused":
            self.layers.eval()

    def forward(self):
        y = self.x
        for layer in self.layers:
            y = layer(y)
        return y

    def run(self):
        if not self.training:
            with self.torch.no_grad():
                self.y = self.forward()
            return
        self.optimizer.zero_grad(set_to_none=True)
        loss = ((self.forward() - self.target) ** 2).mean()
        loss.backward()
        self.optimizer.step()
        self.y = loss.detach().reshape(1)

    def result(self):
        return self.y.numpy()


def blas():
    """File of the BLAS that numpy has loaded: Debian's default, libblas3, is the slow reference one."""
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps if "blas" in line.rsplit("/", 1)[-1]}
    return ", ".join(sorted(os.path.realpath(file) for file in files)) or "unknown"


KINDS = {"matmul": Matmul, "convolution": Convolution, "encoder": Encoder}


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    work, folder = None, None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "setup":
            folder = command["folder"]
            work = KINDS[command["kind"]](folder, command)
            torch = sys.modules.get("torch")
            answer({"ok": True, "numpy": np.__version__, "torch": torch.__version__ if torch else None, "blas": blas()})
        elif command["do"] == "run":
            start = time.perf_counter()
            work.run()
            answer({"ms": 1000 * (time.perf_counter() - start)})
        elif command["do"] == "save":
            np.save(os.path.join(folder, "peer.npy"), np.ascontiguousarray(work.result(), dtype=np.float32))
            answer({"ok": True})
        elif command["do"] == "rss":
            answer({"bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})


if __name__ == "__main__":
    main()
