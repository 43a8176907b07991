"""Makes torch.json: what torchattacks' parts of AutoAttack do to the nets stored beside it.

    apt-get install python3-torch      # Debian 12: torch 1.13.1 for the CPU, on Python 3.11
    /usr/bin/python3 -m venv --system-site-packages /tmp/torch
    /tmp/torch/bin/pip install --no-deps -r requirements_torch.txt
    /tmp/torch/bin/python torch_attacks.py

APGD climbs the cross-entropy of float64 logits too, for the reason that foolbox_attacks.py gives: the net stays in
float32, whose digits are not the ones that are lost.
"""

import numpy as np
import torch
import torch.nn.functional as F
import torchattacks
from attacked import EPSILONS, FOLDER, NETS, Results
from attacked import check_logits, lengths, read_layers, read_pictures

SEED = 0
BATCH = 250
NORMS = {"linf": "Linf", "l2": "L2"}
APGD = {"steps": 50, "n_restarts": 1, "rho": 0.75, "seed": SEED}
SQUARE = {"n_queries": 1000, "n_restarts": 1, "p_init": 0.8, "loss": "margin", "seed": SEED}
# Without a limit, so that it keeps the nearest adversarial however far it is.
FAB = {"steps": 100, "n_restarts": 1, "alpha_max": 0.1, "eta": 1.05, "beta": 0.9, "eps": 1e6, "seed": SEED}

# More draws where an attack's luck is worth more than the bar: net, attack, norm, epsilon.
MORE_SEEDS = {("cross_entropy", "square", "l2", 2.0): (1, 2, 3)}

torch.set_num_threads(1)


class Net(torch.nn.Module):
    """The stored net on pictures [batch, 1, 28, 28]; its logits can be given out as float64."""

    def __init__(self, layers, dtype):
        super().__init__()
        self.dtype = dtype
        self.kernels, self.biases = torch.nn.ParameterList(), torch.nn.ParameterList()
        for kernel, bias in layers:
            axes = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
            self.kernels.append(torch.nn.Parameter(torch.tensor(kernel.transpose(axes).copy()), requires_grad=False))
            self.biases.append(torch.nn.Parameter(torch.tensor(bias), requires_grad=False))

    def forward(self, h):
        for i, (kernel, bias) in enumerate(zip(self.kernels, self.biases)):
            if kernel.ndim == 4:
                h = F.max_pool2d(F.relu(F.conv2d(h, kernel, bias, padding=2)), 2)
            else:
                # TensorFlow flattens rows, columns, channels.
                h = h.permute(0, 2, 3, 1).reshape(len(h), -1) if h.ndim == 4 else h
                h = F.linear(h, kernel, bias)
                h = h if i == len(self.kernels) - 1 else F.relu(h)
        return h.to(self.dtype)


def attacks_of(net, name, norm, epsilon):
    of = {"norm": NORMS[norm], "eps": epsilon}
    yield "apgd-ce", {**APGD, "loss": "ce"}, torchattacks.APGD(net, **of, **APGD, loss="ce")
    if net.dtype == torch.float32:
        yield "apgd-dlr", {**APGD, "loss": "dlr"}, torchattacks.APGD(net, **of, **APGD, loss="dlr")
        for seed in (SEED, *MORE_SEEDS.get((name, "square", norm, epsilon), ())):
            settings = {**SQUARE, "seed": seed}
            yield "square", settings, torchattacks.Square(net, **of, **settings)


def in_batches(attack, x, labels):
    starts = range(0, len(x), BATCH)
    return torch.cat([attack(x[i : i + BATCH], labels[i : i + BATCH]).detach() for i in starts])


def is_right(net, x, labels):
    with torch.no_grad():
        return (net(x).argmax(1) == labels).numpy()


def attack_within(results, name, net, x, labels):
    for norm, epsilons in EPSILONS.items():
        for epsilon in epsilons:
            for attack, settings, run in attacks_of(net, name, norm, epsilon):
                found = in_batches(run, x, labels)
                # In l2 the rounding of float32 is let through, no more.
                moved = lengths((found - x).numpy(), norm)
                assert np.all(moved <= epsilon * (1 + 1e-5)), (attack, norm, epsilon, moved.max())
                settings = {**settings, "batch": BATCH, "dtype": str(net.dtype).removeprefix("torch.")}
                results.add(name, attack, norm, epsilon, settings, is_right(net, found, labels))


def attack_at_least_cost(results, name, net, x, labels):
    settings = {**FAB, "batch": BATCH, "dtype": "float32"}
    for norm in EPSILONS:
        found = in_batches(torchattacks.FAB(net, norm=NORMS[norm], **FAB), x, labels)
        broken = ~is_right(net, found, labels)
        distances = np.where(broken, lengths((found - x).numpy(), norm), np.inf)
        results.add_distances(name, "fab", norm, settings, distances)


def main():
    versions = {"torchattacks": torchattacks.__version__, "torch": torch.__version__, "numpy": np.__version__}
    results = Results("torch.json", versions)
    pixels, digits_ = read_pictures()
    x, labels = torch.tensor(pixels.transpose(0, 3, 1, 2).copy()), torch.tensor(digits_)
    for name in NETS:
        for dtype in (torch.float64, torch.float32):
            net = Net(read_layers(FOLDER / name), dtype).eval()
            attack_within(results, name, net, x, labels)
        with torch.no_grad():
            results.found["logitsApart"][name] = check_logits(name, net(x).numpy())
        attack_at_least_cost(results, name, net, x, labels)
        results.write()


main()
