"""One engine, one net, one mode, in a process of its own; speaks JSON lines (scripts/benchmark/ask_process.mjs).

Usage: worker.py tensorflow-eager | tensorflow-function | jax-jit
"""

import importlib
import os
import platform
import sys
import time

from answer import answer_questions

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
    state = {}

    def start(message):
        state["step"], answer = load(engine, message)
        return answer

    answer_questions({"load": start, "steps": lambda message: time_steps(state["step"], message["count"])})


main(sys.argv[1])
