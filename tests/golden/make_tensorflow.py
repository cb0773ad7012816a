"""Writes what TensorFlow itself makes of known numbers; run with TensorFlow 2.21, which no test needs.

    python tests/golden/make_tensorflow.py [folder of MSD_musicnn, from the wheel musicnn 0.1.0]

The checkpoints hold ``ramp`` arrays. MusiCNN's outputs come from the graph that its authors saved.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

FOLDER = Path(__file__).parent
SHAPES = {
    "vggish/conv1/weights": ("float32", (3, 3, 1, 4)),
    "vggish/fc1/fc1_1/weights": ("float32", (24, 8)),
    "some/double": ("float64", (5,)),
    "some/int": ("int64", (3,)),
    "some/int32": ("int32", (2, 2)),
    "scalar": ("float32", ()),
    "global_step": ("int64", ()),
} | {f"many/{i:02}/biases": ("float32", (i + 1,)) for i in range(20)}
MUSICNN_OUTPUTS = ["model/batch_normalization_10/batchnorm/add_1", "model/dense_1/BiasAdd"]


def ramp(dtype: str, shape: tuple[int, ...]) -> np.ndarray:
    return (np.arange(np.prod(shape, dtype=int)).reshape(shape) - 3).astype(dtype) * np.array(3, dtype)


def waves() -> np.ndarray:
    """Two patches (187, 96) between 0 and 4, as log-mel is."""
    frame, band = np.ogrid[:187, :96]
    parts = [2 + 2 * np.sin(frame * speed) * np.cos(band * (0.3 - speed)) for speed in (0.05, 0.21)]
    return np.stack(parts).astype(np.float32)


def save_checkpoints() -> None:
    with tf.Graph().as_default():
        made = [
            tf.compat.v1.get_variable(name, initializer=ramp(*kind), use_resource=False)
            for name, kind in SHAPES.items()
        ]
        for version, name in ((1, "tf_table.ckpt"), (2, "tf_bundle")):
            saver = tf.compat.v1.train.Saver(made, write_version=version)
            with tf.compat.v1.Session() as session:
                session.run(tf.compat.v1.global_variables_initializer())
                saver.save(session, str(FOLDER / name), write_meta_graph=False, write_state=False)


def run_musicnn(folder: Path) -> None:
    meta = tf.compat.v1.MetaGraphDef()
    meta.ParseFromString((folder / ".meta").read_bytes())
    wanted = [*MUSICNN_OUTPUTS, "save/restore_all"]
    graph = tf.compat.v1.graph_util.extract_sub_graph(meta.graph_def, wanted)
    for node in graph.node:
        node.attr.pop("_output_shapes", None)
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph, name="")
        session.run("save/restore_all", {"save/Const:0": f"{folder}/"})
        feed = {"model/Placeholder:0": waves(), "model/Placeholder_2:0": False}
        embedding, logits = session.run([f"{name}:0" for name in MUSICNN_OUTPUTS], feed)
    np.savez(FOLDER / "musicnn.npz", embedding=embedding, logits=logits)


if __name__ == "__main__":
    tf.compat.v1.disable_eager_execution()
    save_checkpoints()
    if len(sys.argv) > 1:
        run_musicnn(Path(sys.argv[1]))
