"""Reads an event folder with the real TensorBoard and prints what it found as JSON: scripts/check-tensorboard.ts runs it, and compares.

It also reads what a browser would get of an image and of the settings.
"""

import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import metadata
from tensorboard.util import img_mime_type_detector, tensor_util

events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "tensors": 0, "images": 0, "histograms": 0})
events.Reload()
tags = events.Tags()
settings = metadata.parse_session_start_info_plugin_data(
    events.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
)
print(
    json.dumps(
        {
            "scalars": {tag: [[at.step, str(at.value)] for at in events.Scalars(tag)] for tag in tags["scalars"]},
            "times": sorted({at.wall_time for tag in tags["scalars"] for at in events.Scalars(tag)}),
            "texts": {
                tag: [
                    [at.step, *(text.decode() for text in tensor_util.make_ndarray(at.tensor_proto).tolist())]
                    for at in events.Tensors(tag)
                ]
                for tag in tags["tensors"]
                if events.SummaryMetadata(tag).plugin_data.plugin_name == "text"
            },
            "images": {
                tag: [
                    [at.step, at.width, at.height, img_mime_type_detector.from_bytes(at.encoded_image_string)]
                    for at in events.Images(tag)
                ]
                for tag in tags["images"]
            },
            "histograms": {
                tag: [
                    [at.step, bins.min, bins.max, bins.num, list(bins.bucket_limit), list(bins.bucket)]
                    for at in events.Histograms(tag)
                    for bins in [at.histogram_value]
                ]
                for tag in tags["histograms"]
            },
            "settings": {
                name: getattr(value, value.WhichOneof("kind")) for name, value in settings.hparams.items()
            },
        }
    )
)
