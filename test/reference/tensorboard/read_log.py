"""Reads the event files under log/ with TensorBoard and prints what they hold, a line of JSON for each run and tag.

    pip install -r requirements.txt
    python read_log.py > readings.jsonl

Checked on the way: the checksum of each record; that TensorBoard's own protocol buffers encode each event in the same
bytes; and that what its scalar plugin serves is what its event accumulator reads.
"""

import json
import math
import struct
from pathlib import Path

import tensorboard
from tensorboard.backend.event_processing import plugin_event_accumulator
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.util import tensor_util

LOG = Path(__file__).parent / "log"


def records(path):
    """The records of a TFRecord file by their lengths alone: EventAccumulator checks the checksums."""
    data, at = path.read_bytes(), 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + length]
        at += length + 16


def served(run):
    """What the scalar plugin gets: the same values, turned into tensors."""
    accumulator = plugin_event_accumulator.EventAccumulator(str(run), size_guidance={"tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()["tensors"]
    read = tensor_util.make_ndarray
    return {tag: [float(read(event.tensor_proto)) for event in accumulator.Tensors(tag)] for tag in tags}


def show(value):
    return value if math.isfinite(value) else str(value).replace("nan", "NaN").replace("inf", "Infinity")


def main():
    for run in sorted(path for path in LOG.iterdir() if path.is_dir()):
        for path in run.iterdir():
            for record in records(path):
                assert Event.FromString(record).SerializeToString() == record, path
        accumulator = EventAccumulator(str(run), size_guidance={"scalars": 0})
        accumulator.Reload()
        tags = accumulator.Tags()["scalars"]
        plugin = served(run)
        assert sorted(plugin) == sorted(tags)
        for tag in tags:
            events = accumulator.Scalars(tag)
            assert repr(plugin[tag]) == repr([event.value for event in events]), tag
            points = [{"step": e.step, "value": show(e.value), "wallTime": e.wall_time} for e in events]
            print(json.dumps({"run": run.name, "tag": tag, "points": points}))


assert tensorboard.__version__ == "2.15.2", tensorboard.__version__
main()
