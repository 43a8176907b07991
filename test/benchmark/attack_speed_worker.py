"""Attacks with Foolbox, in a process of its own; speaks JSON lines (scripts/benchmark/ask_process.mjs).

Usage: attack_speed_worker.py keras | tf-function
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import eagerpy
import foolbox
import numpy as np
import tensorflow as tf

sys.path.append(os.path.join(os.path.dirname(__file__), "peers"))
from answer import answer_questions  # noqa: E402
from case import read_tensors  # noqa: E402


def net_of(weights):
    """The paper's net as a Keras model."""
    layers = tf.keras.layers
    conv = {"kernel_size": 5, "padding": "same", "activation": "relu"}
    model = tf.keras.Sequential(
        [
            layers.Conv2D(32, input_shape=(28, 28, 1), **conv),
            layers.MaxPooling2D(),
            layers.Conv2D(64, **conv),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dense(10),
        ]
    )
    model.set_weights(weights)
    model.trainable = False
    return model


def make_attack(path, how):
    """A function that attacks as many of the pictures, every one to the end, and tells time and what is left right."""
    described, tensors = read_tensors(path)
    x, labels = tensors.pop("x"), np.array(described["labels"])
    net = net_of(list(tensors.values()))
    model = foolbox.TensorFlowModel(tf.function(net) if how == "tf-function" else net, bounds=(0, 1))

    def attack(message):
        pgd = foolbox.attacks.LinfPGD(steps=message["steps"], abs_stepsize=message["stepSize"])
        start, robust = time.perf_counter(), 0
        for i in range(0, message["count"], message["batch"]):
            part = slice(i, min(i + message["batch"], message["count"]))
            pictures, digits = tf.constant(x[part]), tf.constant(labels[part])
            _, _, broken = pgd(model, pictures, digits, epsilons=message["epsilon"])
            robust += int(np.sum(~broken.numpy()))
        return {"ms": 1000 * (time.perf_counter() - start), "robust": robust}

    return attack


def main(how):
    state = {}
    packages = {"Foolbox": foolbox, "EagerPy": eagerpy, "TensorFlow": tf}

    def start(message):
        state["attack"] = make_attack(message["case"], how)
        return {"versions": {name: package.__version__ for name, package in packages.items()}}

    answer_questions({"load": start, "attack": lambda message: state["attack"](message)})


main(sys.argv[1])
