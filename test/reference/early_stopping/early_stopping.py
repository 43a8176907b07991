"""Makes cases.jsonl: when Keras 3's EarlyStopping stops, and which epoch's weights it leaves in the model.

    pip install -r requirements.txt
    KERAS_BACKEND=jax python early_stopping.py > cases.jsonl

The callback is run by hand on sequences of the monitored log: all that it asks of a model is to stop, and weights,
which are the number of the epoch here. All numbers are multiples of 1/4: the comparison is exact in float32 too.
"""

import json
import random

from keras.callbacks import EarlyStopping

NONE = -1


class Model:
    stop_training = False
    weights = NONE

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def run(args, values):
    model = Model()
    callback = EarlyStopping(
        monitor="val_score",
        min_delta=args["minDelta"],
        patience=args["patience"],
        mode=args["mode"],
        baseline=args.get("baseline"),
        restore_best_weights=True,
        start_from_epoch=args["startFromEpoch"],
    )
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = epoch
        callback.on_epoch_end(epoch, {"val_score": float(value)})
        if model.stop_training:
            break
    callback.on_train_end()
    best = float(callback.best) if abs(callback.best) != float("inf") else None
    found = {"epochs": epoch + 1, "isStopped": model.stop_training, "best": best}
    # Where nothing ever got better, Keras takes the first epoch for the best; we take none.
    return {**found, "bestEpoch": model.weights if best is not None else None}


def case(rng):
    args = {
        "minDelta": rng.choice([0, 0, 0.25, 0.5]),
        "patience": rng.choice([0, 1, 2, 3]),
        "mode": rng.choice(["min", "max"]),
        "startFromEpoch": rng.choice([0, 0, 1, 3]),
    }
    if rng.random() < 0.4:
        args["baseline"] = rng.choice([-0.5, 0, 0.5, 1])
    drift = -0.25 if args["mode"] == "min" else 0.25
    values = [round(4 * (drift * epoch + rng.uniform(-1, 1))) / 4 for epoch in range(10)]
    for epoch in range(10):
        if rng.random() < 0.1:
            values[epoch] = "NaN"
    return {"args": args, "values": values, **run(args, values)}


def main():
    rng = random.Random(1)
    for _ in range(100):
        print(json.dumps(case(rng)))


main()
