"""Makes linear_svm.json: separable point clouds and the largest margin that any hyperplane keeps from them.

    pip install numpy==1.26.4 scipy==1.14.1 scikit-learn==1.5.2
    python linear_svm.py > linear_svm.json

The margin of a hyperplane w.x + b = 0 in the norm l_p is min_i y_i (w.x_i + b) / ||w||_q with 1/p + 1/q = 1.
l2: SVC with a linear kernel and a C so large that no point may fall short. l1 and linf: minimise ||w||_q where all
y_i (w.x_i + b) >= 1, a linear programme; the margin is 1 / ||w||_q. Every result is checked from the points alone.
"""

import json
import sys

import numpy as np
from scipy.optimize import linprog
from sklearn.svm import SVC

DUAL = {"l1": np.inf, "l2": 2, "linf": 1}
# Name, dimensions, points, points of the first class, half the gap that is cut free along a random direction.
CLOUDS = [("plane", 2, 40, 20, 0.3), ("five", 5, 60, 15, 0.4), ("twenty", 20, 80, 40, 0.5)]


def cloud(dimensions, points, first, gap, seed):
    """Points off a random hyperplane by at least the gap, in steps of 1/1024, which float32 holds exactly."""
    random = np.random.default_rng(seed)
    normal = random.normal(size=dimensions)
    normal /= np.linalg.norm(normal)
    y = np.where(np.arange(points) < first, 1, -1)
    x = random.normal(size=(points, dimensions))
    beside = np.abs(random.normal(size=points)) + gap
    x += np.outer(y * beside - x @ normal + 0.7, normal)
    return np.round(x * 1024) / 1024, y


def margin(x, y, w, b, norm):
    return float(np.min(y * (x @ w + b)) / np.linalg.norm(w, DUAL[norm]))


def svc(x, y):
    machine = SVC(kernel="linear", C=1e10, tol=1e-10).fit(x, y)
    return machine.coef_[0], machine.intercept_[0]


def programme(x, y, norm):
    """Variables w, b and s: s[0] >= |w_j| for all j (l1), s[j] >= |w_j| (linf); the sum of s is ||w||_q."""
    points, n = x.shape
    slack = np.ones((n, 1)) if norm == "l1" else np.eye(n)
    k = slack.shape[1]
    free = np.zeros((n, 1))
    rows = [
        np.hstack([-y[:, None] * x, -y[:, None], np.zeros((points, k))]),
        np.hstack([np.eye(n), free, -slack]),
        np.hstack([-np.eye(n), free, -slack]),
    ]
    bounds = np.concatenate([-np.ones(points), np.zeros(2 * n)])
    cost = np.concatenate([np.zeros(n + 1), np.ones(k)])
    found = linprog(cost, A_ub=np.vstack(rows), b_ub=bounds, bounds=(None, None), method="highs")
    assert found.status == 0, found.message
    return found.x[:n], found.x[n]


def solve(x, y, norm):
    w, b = svc(x, y) if norm == "l2" else programme(x, y, norm)
    kept = margin(x, y, w, b, norm)
    # The optimum has 1 / ||w||_q for its margin: what the nearest point keeps says the same.
    assert abs(kept * np.linalg.norm(w, DUAL[norm]) - 1) < 1e-6, (norm, kept)
    length = np.linalg.norm(w)
    return {"margin": kept, "normal": (w / length).tolist(), "offset": float(b / length)}


def main():
    cases = []
    for seed, (name, dimensions, points, first, gap) in enumerate(CLOUDS, start=1):
        x, y = cloud(dimensions, points, first, gap, seed)
        labels = (y < 0).astype(int).tolist()
        best = {norm: solve(x, y, norm) for norm in DUAL}
        cases.append({"name": name, "x": x.tolist(), "labels": labels, "best": best})
        print(name, {norm: round(found["margin"], 6) for norm, found in best.items()}, file=sys.stderr)
    json.dump(cases, sys.stdout)
    print()


main()
