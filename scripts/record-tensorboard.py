"""Records the bytes of a few events, framed by TensorBoard's own writer, for test/unit/Layer/Logger/TensorBoard/.

Run once: pip install tensorboard && python scripts/record-tensorboard.py
"""

import io
import json
import pathlib

import tensorboard
from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.plugins.hparams import metadata, plugin_data_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

TIME = 1700000000.25


def framed(event):
    buffer = io.BytesIO()
    RecordWriter(buffer).write(event.SerializeToString(deterministic=True))
    return buffer.getvalue().hex()


def summary(step, *values):
    return framed(event_pb2.Event(wall_time=TIME, step=step, summary=summary_pb2.Summary(value=values)))


def plugin(name, content=b""):
    return summary_pb2.SummaryMetadata(
        plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=name, content=content)
    )


def scalar(tag, value):
    return summary_pb2.Summary.Value(tag=tag, simple_value=value)


dimension = tensor_shape_pb2.TensorShapeProto.Dim
text = summary_pb2.Summary.Value(
    tag="log/text_summary",
    metadata=plugin("text"),
    tensor=tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING,
        tensor_shape=tensor_shape_pb2.TensorShapeProto(dim=[dimension(size=1)]),
        string_val=["größer → 日本".encode()],
    ),
)
image = summary_pb2.Summary.Value(
    tag="eval/confusion_matrix",
    image=summary_pb2.Summary.Image(height=2, width=300, colorspace=3, encoded_image_string=b"\x89PNG"),
)
histogram = summary_pb2.Summary.Value(
    tag="train/weights",
    histo=summary_pb2.HistogramProto(min=-1, max=2.5, num=9, bucket_limit=[0, 1.25, 2.5], bucket=[4, 3, 2]),
)
start = plugin_data_pb2.SessionStartInfo(start_time_secs=TIME)
start.hparams["a"].number_value = 5e-5
start.hparams["b"].string_value = "cosine"
start.hparams["c"].bool_value = False
settings = summary_pb2.Summary.Value(
    tag=metadata.SESSION_START_INFO_TAG,
    metadata=plugin(
        "hparams", plugin_data_pb2.HParamsPluginData(session_start_info=start).SerializeToString(deterministic=True)
    ),
    tensor=metadata.NULL_TENSOR,
)

path = pathlib.Path(__file__).parent.parent / "test/unit/Layer/Logger/TensorBoard/recorded.json"
record = {
    "note": "Framed events in hexadecimal; written by scripts/record-tensorboard.py.",
    "tensorboard": tensorboard.__version__,
    "version": framed(event_pb2.Event(wall_time=TIME, file_version="brain.Event:2")),
    "scalars": summary(300, scalar("train/loss", 0.1), scalar("train/grad_norm", float("inf"))),
    "far": summary(2**53 - 1, scalar("train/loss", float("-inf"))),
    "text": summary(7, text),
    "image": summary(7, image),
    "histogram": summary(7, histogram),
    "settings": summary(7, settings),
    "restart": framed(
        event_pb2.Event(
            wall_time=TIME, step=128, session_log=event_pb2.SessionLog(status=event_pb2.SessionLog.START)
        )
    ),
}
path.write_text(json.dumps(record, indent=1) + "\n")
print(path)
