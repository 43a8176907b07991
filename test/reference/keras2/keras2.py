"""Adds Keras's predictions to predictions.json: those of the models stored beside it, loaded by Python's Keras 2.

    python3.11 -m venv /tmp/keras2 && /tmp/keras2/bin/pip install --no-deps -r requirements.txt
    /tmp/keras2/bin/python keras2.py

Nothing of tfjs-large-margin is known here: a model.json is Keras's own JSON, and weights.bin float32 numbers in the
order of its manifest. Ends with an error where a prediction differs by more than 1e-6 from that of TensorFlow.js.
"""

import json
import os
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""

import numpy as np
import tensorflow as tf

BAR = 1e-6
FOLDER = Path(__file__).parent


def load(folder):
    saved = json.loads((folder / "model.json").read_text())
    model = tf.keras.models.model_from_json(json.dumps(saved["modelTopology"]))
    numbers = np.frombuffer((folder / "weights.bin").read_bytes(), np.float32)
    values = {}
    for weight in saved["weightsManifest"][0]["weights"]:
        assert weight["dtype"] == "float32", weight
        size = int(np.prod(weight["shape"]))
        values[weight["name"]] = numbers[:size].reshape(weight["shape"])
        numbers = numbers[size:]
    assert numbers.size == 0, "bytes are left over"
    # Keras appends the number of the output to a name.
    names = [weight.name.removesuffix(":0") for weight in model.weights]
    assert sorted(names) == sorted(values), (names, list(values))
    model.set_weights([values[name] for name in names])
    return model


def main():
    file = FOLDER / "predictions.json"
    cases = json.loads(file.read_text())
    for name, case in cases.items():
        model = load(FOLDER / name)
        x = np.array(case["x"], np.float32).reshape(case["shape"])
        predicted = model(x, training=False).numpy().ravel().astype(float)
        worst = float(np.max(np.abs(predicted - np.array(case["tfjs"]))))
        print(f"{name}: {type(model).__name__} {model.name}, {worst:.1e} from TensorFlow.js")
        assert worst <= BAR, name
        case["keras"] = predicted.tolist()
    file.write_text(json.dumps(cases, separators=(",", ":")) + "\n")
    print(f"tensorflow {tf.__version__}")


main()
