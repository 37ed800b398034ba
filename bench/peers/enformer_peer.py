"""The peer of `npm run bench training`: one training step of a small Enformer or S-Enformer in PyTorch, modules as one would write them.

Weights come under the names of the published state dict. Options: architecture, rate, clip, dropout (0: none anywhere)."""
from compute_peer import KINDS, Torch, main


class Trunk(Torch):
    def __init__(self, folder, options):
        super().__init__()
        torch = self.torch
        self.a, self.drop, self.clip = options["architecture"], options["dropout"], options["clip"]
        self.x, self.target = self.tensor(folder, "sequence").transpose(1, 2).contiguous(), self.tensor(folder, "target")
        self.positions = self.tensor(folder, "positions")
        self.p, self.state = {}, {}
        for name in options["names"]:
            t = self.tensor(folder, name)
            if name.endswith(("running_mean", "running_var")):
                self.state[name] = t
            else:
                self.p[name] = torch.nn.Parameter(t)
        decayed = [p for n, p in self.p.items() if p.dim() > 1 and "to_attn_logits" not in n]
        plain = [p for n, p in self.p.items() if not (p.dim() > 1 and "to_attn_logits" not in n)]
        self.optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": options["decay"]}, {"params": plain, "weight_decay": 0.0}],
            lr=options["rate"],
            foreach=options.get("foreach", False),
        )

    def dropout(self, x, rate):
        return self.torch.nn.functional.dropout(x, rate) if self.drop and rate > 0 else x

    def norm(self, name, x):
        s, p = self.state, self.p
        return self.torch.nn.functional.batch_norm(
            x, s[name + ".running_mean"], s[name + ".running_var"], p[name + ".weight"], p[name + ".bias"], True, 0.1, 1e-5
        )

    def gelu(self, x):
        return x * self.torch.sigmoid(1.702 * x)

    def conv(self, name, x):
        w = self.p[name + ".weight"]
        return self.torch.nn.functional.conv1d(x, w, self.p[name + ".bias"], padding=w.shape[2] // 2)

    def block(self, name, x):
        return self.conv(name + ".2", self.gelu(self.norm(name + ".0", x)))

    def pool(self, name, x):
        w = self.p[name + ".to_attn_logits.weight"]
        b, c, n = x.shape
        pairs = x.view(b, c, n // 2, 2)
        logits = self.torch.nn.functional.conv2d(pairs, w[:, :, None, None])
        return (pairs * logits.softmax(-1)).sum(-1)

    def attention(self, name, x):
        torch, F, p, a = self.torch, self.torch.nn.functional, self.p, self.a
        b, n, _ = x.shape
        heads = lambda y: y.view(b, n, a["heads"], -1).transpose(1, 2)
        q, k, v = (heads(F.linear(x, p[name + ".to_%s.weight" % m])) for m in "qkv")
        q = q * a["keySize"] ** -0.5
        table = self.dropout(self.positions, a["positionDropout"])
        r = F.linear(table, p[name + ".to_rel_k.weight"]).view(2 * n - 1, a["heads"], -1).permute(1, 0, 2)
        logits = (q + p[name + ".rel_content_bias"]) @ k.transpose(2, 3)
        far = (q + p[name + ".rel_pos_bias"]) @ r.transpose(1, 2)
        # Relative shift, as in Transformer-XL.
        far = torch.cat([torch.zeros_like(far[..., :1]), far], -1).view(b, a["heads"], 2 * n, n)[:, :, 1:].reshape(b, a["heads"], n, 2 * n - 1)[..., :n]
        shares = self.dropout((logits + far).softmax(-1), a["attentionDropout"])
        y = (shares @ v).transpose(1, 2).reshape(b, n, -1)
        return F.linear(y, p[name + ".to_out.weight"], p[name + ".to_out.bias"])

    def layer_norm(self, name, x):
        return self.torch.nn.functional.layer_norm(x, x.shape[-1:], self.p[name + ".weight"], self.p[name + ".bias"], 1e-5)

    def linear(self, name, x):
        return self.torch.nn.functional.linear(x, self.p[name + ".weight"], self.p[name + ".bias"])

    def forward(self):
        a, rate = self.a, self.a["dropout"]
        x = self.conv("stem.0", self.x)
        x = self.pool("stem.2", x + self.block("stem.1.fn", x))
        for i in range(len(a["towerFilters"])):
            x = self.block("conv_tower.%d.0" % i, x)
            x = self.pool("conv_tower.%d.2" % i, x + self.block("conv_tower.%d.1.fn" % i, x))
        x = x.transpose(1, 2)
        for i in range(a["layers"]):
            name = "transformer.%d" % i
            x = x + self.dropout(self.attention(name + ".0.fn.1", self.layer_norm(name + ".0.fn.0", x)), rate)
            y = self.dropout(self.linear(name + ".1.fn.1", self.layer_norm(name + ".1.fn.0", x)), rate)
            x = x + self.dropout(self.linear(name + ".1.fn.4", y.relu()), rate)
        cut = (x.shape[1] - a["targetBins"]) // 2
        x = x[:, cut : cut + a["targetBins"]].transpose(1, 2)
        x = self.block("final_pointwise.1", x).transpose(1, 2)
        x = self.gelu(self.dropout(x, rate / 8))
        return self.torch.nn.functional.softplus(self.linear("_heads.%s.0" % next(iter(a["outputs"])), x))

    def run(self):
        torch = self.torch
        self.optimizer.zero_grad(set_to_none=True)
        p = self.forward()
        loss = (p - self.target * torch.log(p + 1e-7)).mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.p.values(), self.clip)
        self.optimizer.step()
        self.y = loss.detach().reshape(1)

    def result(self):
        return self.y.numpy()


KINDS["trunk"] = Trunk

if __name__ == "__main__":
    main()
