"""One engine, one net, one mode, in a process of its own; speaks JSON lines (scripts/benchmark/ask_process.mjs).

Usage: worker.py tensorflow-eager | tensorflow-function | jax-jit
"""

import importlib
import json
import os
import platform
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

ENGINES = {
    "tensorflow-eager": ("tensorflow_step", {"graph": False}),
    "tensorflow-function": ("tensorflow_step", {"graph": True}),
    "jax-jit": ("jax_step", {}),
}


def load(engine, message):
    """Builds the training step and runs it twice; each loss is that of the weights before the step."""
    from case import read_case

    module, arguments = ENGINES[engine]
    step_module = importlib.import_module(module)
    step = step_module.make_step(read_case(message["case"]), message["mode"], **arguments)
    losses = [step(), step()]
    versions = {"Python": platform.python_version(), **step_module.versions()}
    return step, {"losses": losses, "versions": versions}


def time_steps(step, count):
    times = []
    for _ in range(count):
        start = time.perf_counter()
        step()
        times.append(1000 * (time.perf_counter() - start))
    return {"times": times}


def main(engine):
    step = None
    for line in sys.stdin:
        message = json.loads(line)
        try:
            if message["ask"] == "load":
                step, answer = load(engine, message)
            else:
                answer = time_steps(step, message["count"])
        except ImportError as error:
            answer = {"unavailable": str(error)}
        except Exception as error:  # Told to the asker, who shows it in the row.
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(f"ANSWER {json.dumps(answer)}", flush=True)


main(sys.argv[1])
