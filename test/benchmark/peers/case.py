"""Reads a case written by make_case.mjs: the net as a list of layers, its first weights, one batch."""

import json
import os
from dataclasses import dataclass

import numpy as np


@dataclass
class Case:
    #: Dictionaries with `op` (conv, pool, flatten, dense), `activation`, and `tap`: a margin layer is after it.
    layers: list
    #: Kernel and bias of each layer that has them, in order.
    weights: list
    x: np.ndarray
    #: One-hot.
    y: np.ndarray


def read_case(path):
    with open(path) as file:
        described = json.load(file)
    data = np.fromfile(os.path.join(os.path.dirname(path), described["data"]), dtype="<f4")
    tensors = {}
    offset = 0
    for entry in described["tensors"]:
        size = int(np.prod(entry["shape"]))
        tensors[entry["name"]] = data[offset : offset + size].reshape(entry["shape"])
        offset += size
    weights = [tensors[entry["name"]] for entry in described["tensors"] if entry["name"] not in ("x", "y")]
    return Case(described["layers"], weights, tensors["x"], tensors["y"])
