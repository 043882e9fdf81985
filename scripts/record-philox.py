"""Records TensorFlow's StatelessRandomUniform (v1) for test/unit/Tensor/Random.test.ts.

Run once, with any TensorFlow 2: pip install tensorflow-cpu && python scripts/record-philox.py
"""

import json
import pathlib
import zlib

import tensorflow as tf

CASES = [(10, (1, 2)), (7, (0, 0)), (33, (42, 7)), (16, (-5, 123456789)), (16, (123456789, -5)), (16, (-2147483648, 2147483647))]
LARGE = [(100003, (9, 9)), (100003, (-1, -1))]


def uniform(n, seed):
    return tf.raw_ops.StatelessRandomUniform(shape=[n], seed=tf.constant(seed, tf.int32), dtype=tf.float32).numpy()


path = pathlib.Path(__file__).parent.parent / "test/unit/Tensor/philox.json"
record = {
    "note": "tf.raw_ops.StatelessRandomUniform, float32, int32 seeds; written by scripts/record-philox.py. bits: the float's 32 bits. crc32: of all bits, little-endian.",
    "tensorflow": tf.__version__,
    "cases": [{"seed": seed, "bits": uniform(n, seed).view("uint32").tolist()} for n, seed in CASES],
    "large": [{"seed": seed, "count": n, "crc32": zlib.crc32(uniform(n, seed).tobytes())} for n, seed in LARGE],
}
path.write_text(json.dumps(record, indent=1) + "\n")
print(path)
