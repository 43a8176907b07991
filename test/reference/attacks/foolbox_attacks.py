"""Makes foolbox.json: what Foolbox's gradient attacks do to the nets stored beside it.

    python3.11 -m venv /tmp/foolbox && /tmp/foolbox/bin/pip install --no-deps -r requirements_foolbox.txt
    /tmp/foolbox/bin/python foolbox_attacks.py

All attacks that climb the cross-entropy are made in float32, as their users make them, and in float64: in float32 the
slope p - 1 of the label's own logit is lost where p rounds to 1, and the attack goes astray.
"""

import base64
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import eagerpy
import foolbox
import numpy as np
import tensorflow as tf
from attacked import EPSILONS, FOLDER, NETS, Results
from attacked import check_logits, cross_entropies, digits, lengths, read_layers, read_pictures
from foolbox import attacks as fa

SEED = 0
STEPS = 10
PGD_STEPS = 40
# Steps that could cross the ball two and a half times (Madry et al. 2018).
PGD_STEPSIZE = 2.5 / PGD_STEPS
STORED_PICTURES = 5

tf.config.threading.set_intra_op_parallelism_threads(1)
tf.config.threading.set_inter_op_parallelism_threads(1)


def net_of(layers):
    @tf.function
    def logits(h):
        for i, (kernel, bias) in enumerate(layers):
            if kernel.ndim == 4:
                h = tf.nn.relu(tf.nn.conv2d(h, kernel, 1, "SAME") + bias)
                h = tf.nn.max_pool2d(h, 2, 2, "VALID")
            else:
                h = tf.reshape(h, [-1, kernel.shape[0]]) @ kernel + bias
                h = h if i == len(layers) - 1 else tf.nn.relu(h)
        return h

    return logits


def attacks_of(norm, epsilon):
    """Names, settings in words and attacks with a fixed epsilon."""
    of = {"linf": "Linf", "l2": "L2"}[norm]
    fast = getattr(fa, f"{of}FastGradientAttack")
    iterative = getattr(fa, f"{of}BasicIterativeAttack")
    pgd = getattr(fa, f"{of}ProjectedGradientDescentAttack")
    steps = {"steps": STEPS, "abs_stepsize": epsilon / STEPS, "random_start": False}
    random_steps = {"steps": PGD_STEPS, "rel_stepsize": PGD_STEPSIZE, "random_start": True}
    return [
        ("fgsm", {"random_start": False}, fast()),
        ("ifgsm", steps, iterative(**steps)),
        ("pgd", {**random_steps, "seed": SEED}, pgd(**random_steps)),
    ]


def pictures_of(x):
    """The first ones as base64 of float32, little-endian, [28, 28]."""
    return [base64.b64encode(one.astype("<f4").tobytes()).decode() for one in x[:STORED_PICTURES]]


def attack_within(results, name, dtype, pixels, digits_):
    net = net_of([(kernel.astype(dtype), bias.astype(dtype)) for kernel, bias in read_layers(FOLDER / name)])
    model = foolbox.TensorFlowModel(net, bounds=(0, 1))
    x, labels = tf.constant(pixels.astype(dtype)), tf.constant(digits_)
    for norm, epsilons in EPSILONS.items():
        for epsilon in epsilons:
            for attack, settings, run in attacks_of(norm, epsilon):
                tf.random.set_seed(SEED)
                _, clipped, broken = run(model, x, labels, epsilons=epsilon)
                more = {}
                if attack != "pgd" and dtype == "float64":
                    more["crossEntropy"] = digits(cross_entropies(net(clipped).numpy(), digits_))
                    if epsilon == epsilons[1]:
                        more["adversarial"] = pictures_of(clipped.numpy())
                results.add(name, attack, norm, epsilon, {**settings, "dtype": dtype}, ~broken.numpy(), **more)


def attack_at_least_cost(results, name, pixels, digits_):
    net = net_of(read_layers(FOLDER / name))
    model = foolbox.TensorFlowModel(net, bounds=(0, 1))
    x, labels = tf.constant(pixels), tf.constant(digits_)
    results.found["logitsApart"][name] = check_logits(name, net(x).numpy())
    settings = {"steps": 50, "candidates": 10, "overshoot": 0.02, "loss": "logits"}
    for norm, run in (("linf", fa.LinfDeepFoolAttack), ("l2", fa.L2DeepFoolAttack)):
        found, _, broken = run(**settings)(model, x, labels, epsilons=None)
        distances = np.where(broken.numpy(), lengths(found.numpy() - x.numpy(), norm), np.inf)
        results.add_distances(name, "deepfool", norm, {**settings, "dtype": "float32"}, distances)


def main():
    packages = {"foolbox": foolbox, "eagerpy": eagerpy, "tensorflow": tf, "numpy": np}
    results = Results("foolbox.json", {package: module.__version__ for package, module in packages.items()})
    pixels, digits_ = read_pictures()
    for name in NETS:
        attack_at_least_cost(results, name, pixels, digits_)
        for dtype in ("float32", "float64"):
            attack_within(results, name, dtype, pixels, digits_)
        results.write()


main()
