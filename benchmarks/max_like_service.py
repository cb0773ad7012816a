"""A service like IBM's MAX Audio Embedding Generator, for embed_throughput.py to run against.

For each POST it does what that service does: SciPy reads a WAV of 16 bits whole, the channels' mean
goes through resampy (kaiser_best, float64) to 16 kHz, NumPy makes the log-mel of all frames at once,
all patches of the file go through the network in one run, then the projection to 8 bits, and the rows
leave as JSON. The network is float32 in ONNX Runtime, or in TensorFlow as in the original; everything
runs on one thread. It does not write each upload to disk and read it back, as some of its versions do.

Usage: python benchmarks/max_like_service.py VGGISH.onnx PCA.npz onnx|tensorflow   (prints its port)
"""

import io
import logging
import os
import sys
from collections.abc import Callable

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import resampy
from flask import Flask, Response, jsonify, request
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.io import wavfile
from werkzeug.serving import make_server

SR = 16_000  # Hz
Float64 = NDArray[np.float64]
Float32 = NDArray[np.float32]
Network = Callable[[Float32], Float32]


def mel_of(hz: Float64) -> Float64:
    return 1127 * np.log1p(hz / 700)


def mel_bands() -> Float64:
    """(257, 64)."""
    points = mel_of(np.linspace(0, SR / 2, 257))[:, None]
    edges = np.linspace(*mel_of(np.array([125.0, 7500.0])), 66)
    up = (points - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - points) / (edges[2:] - edges[1:-1])
    bands = np.maximum(0, np.minimum(up, down))
    bands[0] = 0
    return bands


BANDS = mel_bands()
WINDOW = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)


def patches_of(wav: bytes) -> Float32:
    sr, samples = wavfile.read(io.BytesIO(wav))
    y = samples / 32768.0
    if y.ndim > 1:
        y = y.mean(axis=1)
    if sr != SR:
        y = resampy.resample(y, sr, SR)
    frames = sliding_window_view(y, 400)[::160] * WINDOW
    log_mel = np.log(np.abs(np.fft.rfft(frames, 512)) @ BANDS + 0.01)
    count = len(log_mel) // 96
    return log_mel[: count * 96].reshape(count, 96, 64).astype(np.float32)


def in_onnx(path: str) -> Network:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda patches: session.run(None, {"patches": patches})[0]


def in_tensorflow(path: str) -> Network:
    """The same weights in a graph of TensorFlow, layers and order of axes as in the published code."""
    import onnx
    import tensorflow as tf
    from onnx import numpy_helper

    v1 = tf.compat.v1
    model = onnx.load(path)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    graph = tf.Graph()
    with graph.as_default():
        count = 0
        patches = x = v1.placeholder(tf.float32, (None, 96, 64))
        x = tf.reshape(x, (-1, 96, 64, 1))
        for node in model.graph.node:
            if node.op_type in ("Conv", "Gemm"):
                weight, bias = (constants[name] for name in node.input[1:])
                weight = weight.transpose(2, 3, 1, 0) if node.op_type == "Conv" else weight
                w = v1.get_variable(f"w{count}", initializer=weight)
                b = v1.get_variable(f"b{count}", initializer=bias)
                count += 1
                x = tf.nn.conv2d(x, w, 1, "SAME") if node.op_type == "Conv" else tf.matmul(x, w)
                x = tf.nn.bias_add(x, b)
            elif node.op_type == "Relu":
                x = tf.nn.relu(x)
            elif node.op_type == "MaxPool":
                x = tf.nn.max_pool2d(x, 2, 2, "SAME")
            elif node.op_type == "Flatten":
                x = tf.reshape(x, (-1, 6 * 4 * 512))
        config = v1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
        session = v1.Session(graph=graph, config=config)
        session.run(v1.global_variables_initializer())
    return lambda found: session.run(x, {patches: found})


def app_of(network: Network, pca: str) -> Flask:
    app = Flask(__name__)
    arrays = np.load(pca)
    components, means = arrays["pca_eigen_vectors"], arrays["pca_means"].ravel()

    @app.post("/model/predict")
    def predict() -> Response:
        embeddings = network(patches_of(request.files["audio"].read()))
        projected = np.clip((embeddings - means) @ components.T, -2, 2)
        rows = ((projected + 2) * (255 / 4)).astype(np.uint8)
        return jsonify(status="ok", embedding=rows.tolist())

    return app


def main(network: str, pca: str, runtime: str) -> None:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = app_of(in_tensorflow(network) if runtime == "tensorflow" else in_onnx(network), pca)
    server = make_server("127.0.0.1", 0, app)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
