"""Writes events.tfevents: what TensorBoard's own writer makes of a few scalars.

    python make_events.py          needs tensorboard 2.21
"""
import io, os
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

out = io.BytesIO()
writer = RecordWriter(out)
writer.write(Event(wall_time=1700000000.25, file_version="brain.Event:2").SerializeToString())
for step, scalars in [(1, {"Train/loss": 2.5, "Train/lr": 1e-3}), (300, {"Memory/peak_bytes/rank_11": 5e9}),
                      (5000000000, {"Train/loss": float("inf"), "Pipeline/bubble_fraction": -0.0})]:
    values = [Summary.Value(tag=tag, simple_value=value) for tag, value in scalars.items()]
    writer.write(Event(wall_time=1700000000.25 + step, step=step, summary=Summary(value=values)).SerializeToString())
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "events.tfevents"), "wb") as f:
    f.write(out.getvalue())
