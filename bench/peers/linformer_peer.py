"""The peer of `npm run bench risk`: the Linformer encoder (Wang et al. 2020) in PyTorch, one command a line on stdin.

Keys and values are projected from all rows first, then along the length, as the published code does. Protocol: compute_peer.py.
"""
import json
import os
import resource
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = os.environ.get("BENCH_THREADS", "2")

import numpy as np
import torch
from torch.nn import functional as F


class Linformer:
    def __init__(self, folder, options):
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        self.heads, self.layers = options["heads"], options["layers"]
        self.weights = {}
        for file in sorted(os.listdir(folder)):
            if file.endswith(".npy") and file != "peer.npy":
                self.weights[file[:-4]] = torch.from_numpy(np.load(os.path.join(folder, file)))
        self.ids = self.weights.pop("ids").long()

    def linear(self, x, name):
        return F.linear(x, self.weights[name + ".weight"], self.weights[name + ".bias"])

    def norm(self, x, name):
        return F.layer_norm(x, x.shape[-1:], self.weights[name + ".weight"], self.weights[name + ".bias"], 1e-5)

    def split(self, x):
        batch, length, width = x.shape
        return x.view(batch, length, self.heads, width // self.heads).transpose(1, 2)

    def attention(self, x, name):
        length = x.shape[1]
        q, k, v = (self.linear(x, name + "." + m) for m in "qkv")
        k = torch.matmul(self.weights[name + ".E"][:, :length], k)
        v = torch.matmul(self.weights[name + ".F"][:, :length], v)
        q, k, v = self.split(q), self.split(k), self.split(v)
        shares = torch.softmax(torch.matmul(q, k.transpose(-1, -2)) / q.shape[-1] ** 0.5, -1)
        seen = torch.matmul(shares, v).transpose(1, 2).reshape(x.shape)
        return self.linear(seen, name + ".o")

    def run(self):
        with torch.no_grad():
            length = self.ids.shape[1]
            x = self.weights["embeddings.token.weight"][self.ids] + self.weights["embeddings.position.weight"][:length]
            x = self.norm(x, "embeddings.norm")
            for i in range(self.layers):
                name = "layers.%d" % i
                x = self.norm(x + self.attention(x, name + ".attention"), name + ".norm1")
                inner = F.gelu(self.linear(x, name + ".ff.w1"))
                x = self.norm(x + self.linear(inner, name + ".ff.w2"), name + ".norm2")
            self.y = self.linear(x[:, 0], "classifier")

    def result(self):
        return self.y.numpy()


def blas():
    """File of the BLAS that numpy has loaded."""
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps if "blas" in line.rsplit("/", 1)[-1]}
    return ", ".join(sorted(os.path.realpath(file) for file in files)) or "unknown"


def answer(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    work, folder = None, None
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "setup":
            folder = command["folder"]
            work = Linformer(folder, command)
            answer({"ok": True, "numpy": np.__version__, "torch": torch.__version__, "blas": blas()})
        elif command["do"] == "run":
            start = time.perf_counter()
            work.run()
            answer({"ms": 1000 * (time.perf_counter() - start)})
        elif command["do"] == "save":
            np.save(os.path.join(folder, "peer.npy"), np.ascontiguousarray(work.result(), dtype=np.float32))
            answer({"ok": True})
        elif command["do"] == "rss":
            answer({"bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss})


main()
