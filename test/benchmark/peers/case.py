"""Reads a case written by case_file.mjs: the net as a list of layers, its first weights, one batch."""

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


def read_tensors(path):
    """The description and, by name, its tensors."""
    with open(path) as file:
        described = json.load(file)
    data = np.fromfile(os.path.join(os.path.dirname(path), described["data"]), dtype="<f4")
    tensors = {}
    offset = 0
    for entry in described["tensors"]:
        size = int(np.prod(entry["shape"]))
        tensors[entry["name"]] = data[offset : offset + size].reshape(entry["shape"])
        offset += size
    return described, tensors


def read_case(path):
    described, tensors = read_tensors(path)
    weights = [tensor for name, tensor in tensors.items() if name not in ("x", "y")]
    return Case(described["layers"], weights, tensors["x"], tensors["y"])
