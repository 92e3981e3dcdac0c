"""Writes events.golden, which events_test.go compares with: an event file as tensorboard 2.21
writes it, with a step's number for its time. Run it in this folder.
"""
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

POINTS = [(0, "mle/train/loss", 3.25), (0, "policy/dev/rougeL", 0.1), (20, "mle/train/loss", 2.5), (300, "policy/dev/rougeL", -0.3)]
with open("events.golden", "wb") as f:
    writer = RecordWriter(f)
    writer.write(Event(wall_time=0.0, file_version="brain.Event:2").SerializeToString())
    for step, tag, value in POINTS:
        summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
        writer.write(Event(wall_time=float(step), step=step, summary=summary).SerializeToString())
    writer.flush()
