"""An ONNX file as an embedder: what it may take and give, what is refused, and values that are no vector."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import soundfile
from onnx import TensorProto, helper

from segue.embed.onnx_file import OnnxFile
from segue.errors import EmbeddingError, UsageError, WeightsError
from segue.sound import Excerpts
from tests.onnx_models import (
    ASKED,
    DIM,
    DOUBLE,
    FLOAT16,
    INT64,
    SR,
    WINDOW,
    Shape,
    constants,
    filters,
    model_of,
    saved,
    two_outputs,
    value,
)


def sound(rng: np.random.Generator, duration_s: float) -> Excerpts:
    return Excerpts.from_waveform((0.1 * rng.standard_normal(int(duration_s * SR))).astype(np.float32), SR)


def run_alone(model: onnx.ModelProto, window: np.ndarray, rank: int) -> np.ndarray:
    """What ONNX Runtime gives for one window, in one vector."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    shaped = {1: window, 2: window[None], 3: window[None, None]}[rank]
    dtype = np.float16 if session.get_inputs()[0].type == "tensor(float16)" else np.float32
    (found,) = session.run(None, {"wave": shaped.astype(dtype)})
    return found.reshape(-1, DIM).mean(axis=0)


# What a file may take and give


@pytest.mark.parametrize(
    ("shape", "gives"),
    [
        (["t"], "(dim,)"),
        ([WINDOW], "(n, dim)"),
        (["t"], "(n, frames, dim)"),
        (["n", "t"], "(n, dim)"),
        ([None, None], "(n, frames, dim)"),
        (["n", WINDOW], "(n, frames, dim)"),
        ([1, WINDOW], "(dim,)"),
        ([1, "t"], "(n, dim)"),
        (["n", 1, "t"], "(n, dim)"),
        (["n", "c", WINDOW], "(n, frames, dim)"),
        ([1, 1, WINDOW], "(dim,)"),
    ],
)
def test_vectors_are_what_onnxruntime_gives_for_each_window(tmp_path: Path, rng, shape: Shape, gives: str):
    model = filters(shape, gives)
    embedder = OnnxFile(saved(tmp_path / "ears.onnx", model), **ASKED)
    heard = sound(rng, 5.2)
    found = embedder.embed(heard)
    expected = [run_alone(model, y, len(shape or ())) for y in heard.windows(SR, WINDOW / SR, WINDOW / SR)]
    assert (embedder.spec.dim, len(embedder.dimensions)) == (DIM, DIM)
    assert found.windows.shape == (10, DIM)
    np.testing.assert_allclose(found.windows, expected, rtol=2e-3)  # float16
    np.testing.assert_allclose(found.pooled, np.mean(expected, axis=0), rtol=1e-5)
    assert found.pooled.dtype == np.float32


def test_frames_in_two_dimensions_are_one_windows_where_the_batch_is_one(tmp_path: Path, rng):
    model = filters([1, "t"], "(n, frames, dim)")
    model.graph.node.append(helper.make_node("Squeeze", ["vector", "zero"], ["frames_of_one"]))
    model.graph.output[0].name = "frames_of_one"
    heard = sound(rng, 1.0)
    found = OnnxFile(saved(tmp_path / "ears.onnx", model), **ASKED).embed(heard)
    expected = [run_alone(model, y, 2) for y in heard.windows(SR, WINDOW / SR, WINDOW / SR)]
    assert found.windows.shape == (2, DIM)
    np.testing.assert_allclose(found.pooled, np.mean(expected, axis=0), rtol=1e-5)


def test_half_precision_goes_in_as_such(tmp_path: Path, rng):
    model = filters(["n", "t"], dtype=FLOAT16)
    heard = sound(rng, 1.0)
    found = OnnxFile(saved(tmp_path / "half.onnx", model), **ASKED).embed(heard)
    expected = [run_alone(model, y, 2) for y in heard.windows(SR, WINDOW / SR, WINDOW / SR)]
    np.testing.assert_allclose(found.pooled, np.mean(expected, axis=0), rtol=1e-5)


def test_a_file_that_fails_on_two_windows_gets_one_at_a_time(tmp_path: Path, rng, capfd):
    model = filters(["n", "t"])
    model.graph.node.insert(0, helper.make_node("Reshape", ["wave", "one"], ["alone"]))
    model.graph.node[1].input[0] = "alone"
    model.graph.initializer.extend(constants(one=np.array([1, WINDOW], np.int64)))
    found = OnnxFile(saved(tmp_path / "exported.onnx", model), **ASKED).embed(sound(rng, 2.0))
    assert found.windows.shape == (4, DIM)
    assert capfd.readouterr() == ("", "")


def test_a_short_sound_is_repeated_until_it_fills_a_window(tmp_path: Path, rng):
    model = filters(["n", "t"])
    embedder = OnnxFile(saved(tmp_path / "ears.onnx", model), sr=SR, window_s=3.0)
    short = sound(rng, 0.7)
    repeated = np.resize(short.at(SR)[0], 3 * SR)
    np.testing.assert_allclose(embedder.embed(short).pooled, run_alone(model, repeated, 2), rtol=1e-5)


def test_a_hop_says_how_far_windows_lie_apart(tmp_path: Path, rng):
    path = saved(tmp_path / "ears.onnx", filters(["n", "t"]))
    close, apart = (OnnxFile(path, **ASKED, hop_s=hop_s) for hop_s in (0.25, 1.5))
    heard = sound(rng, 3.0)
    assert len(close.embed(heard).windows) == 11
    assert len(apart.embed(heard).windows) == 2
    assert close.spec.hop_s == 0.25


def test_sound_is_resampled_to_the_files_rate(tmp_path: Path, rng):
    model = filters(["n", "t"])
    embedder = OnnxFile(saved(tmp_path / "ears.onnx", model), sr=8_000, window_s=1.0)
    heard = sound(rng, 1.0)
    expected = run_alone(model, heard.at(8_000)[0], 2)
    np.testing.assert_allclose(embedder.embed(heard).pooled, expected, rtol=1e-5)


def test_threads_share_an_embedder(tmp_path: Path, rng):
    path = saved(tmp_path / "ears.onnx", filters(["n", "t"]))
    lazy = OnnxFile.from_spec(path, OnnxFile(path, **ASKED).spec)
    sounds = [sound(rng, 2.0) for _ in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = [embedding.pooled for embedding in pool.map(lazy.embed, sounds)]
    np.testing.assert_array_equal(together, [lazy.embed(heard).pooled for heard in sounds])


def test_the_first_output_of_floats_is_the_default(tmp_path: Path, rng):
    path = saved(tmp_path / "two.onnx", two_outputs())
    first, second = OnnxFile(path, **ASKED), OnnxFile(path, **ASKED, output="vector")
    assert (first.spec.dim, second.spec.dim) == (1, DIM)
    assert first.spec.space != second.spec.space
    assert OnnxFile(path, **ASKED, output="first").spec == first.spec
    skipped = OnnxFile(saved(tmp_path / "int.onnx", two_outputs(first=INT64)), **ASKED)
    assert skipped.spec.dim == DIM
    heard = sound(rng, 1.0)
    remade = OnnxFile.from_spec(path, second.spec)
    np.testing.assert_array_equal(remade.embed(heard).pooled, second.embed(heard).pooled)
    with pytest.raises(UsageError, match="no output 'ears' of floats; it has 'first', 'vector'"):
        OnnxFile(path, **ASKED, output="ears")


# What is refused at the door


def refusal(path: Path, **asked: float) -> str:
    with pytest.raises(WeightsError) as caught:
        OnnxFile(path, **(ASKED | asked))
    assert caught.value.path == str(path)
    assert str(path) in str(caught.value) or path.name in str(caught.value)
    return str(caught.value)


def test_samples_that_do_not_fit_are_reported_with_the_options_that_fit(tmp_path: Path):
    path = saved(tmp_path / "fixed.onnx", filters(["n", 48_000]))
    with pytest.raises(UsageError, match=r"takes 48000 samples, not 8000.*--sr 16000 --window 3\)"):
        OnnxFile(path, **ASKED)
    odd = saved(tmp_path / "odd.onnx", filters([15_600]))
    with pytest.raises(UsageError, match=r"--window 0\.975\)"):
        OnnxFile(odd, **ASKED)
    assert OnnxFile(odd, sr=SR, window_s=0.975).spec.window_s == 0.975


@pytest.mark.parametrize("dtype", [DOUBLE, INT64])
def test_other_numbers_than_float32_are_refused(tmp_path: Path, dtype: int):
    path = saved(tmp_path / "typed.onnx", filters(["n", "t"], dtype=dtype))
    assert "takes tensor(" in refusal(path)


@pytest.mark.parametrize("shape", [[4, WINDOW], ["n", 2, "t"]])
def test_several_channels_and_fixed_batches_are_refused(tmp_path: Path, shape: Shape):
    found = refusal(saved(tmp_path / "shaped.onnx", filters(shape)))
    assert f"({', '.join(map(str, shape or ()))})" in found
    assert "(n, 1, samples)" in found


@pytest.mark.parametrize("shape", [None, [], ["n", 1, 1, "t"]])
def test_other_ranks_are_refused(tmp_path: Path, shape: Shape):
    nodes = [helper.make_node("Identity", ["wave"], ["y"])]
    path = saved(tmp_path / "ranked.onnx", model_of(nodes, [value("wave", shape)], [value("y", None)]))
    assert "expected float or float16 of shape (samples,)" in refusal(path)


def test_two_inputs_are_refused_by_name(tmp_path: Path):
    nodes = [helper.make_node("Add", ["left", "right"], ["y"])]
    inputs = [value("left", ["n", "t"]), value("right", ["n", "t"])]
    path = saved(tmp_path / "pair.onnx", model_of(nodes, inputs, [value("y", None)]))
    assert "2 inputs ('left', 'right')" in refusal(path)


def test_a_file_without_an_output_of_floats_is_refused(tmp_path: Path):
    nodes = [helper.make_node("Cast", ["wave"], ["y"], to=INT64)]
    model = model_of(nodes, [value("wave", ["n", "t"])], [value("y", None, INT64)])
    assert "'y' of tensor(int64)" in refusal(saved(tmp_path / "whole.onnx", model))


def test_sound_as_output_is_refused(tmp_path: Path):
    nodes = [helper.make_node("Neg", ["wave"], ["y"])]
    path = saved(tmp_path / "denoiser.onnx", model_of(nodes, [value("wave", ["n", "t"])], [value("y", None)]))
    assert "of shape (1, 8000)" in refusal(path)


def test_an_output_of_another_shape_is_refused(tmp_path: Path):
    model = filters(["n", "t"])
    model.graph.node[-1].CopyFrom(helper.make_node("Unsqueeze", ["frames", "zero"], ["vector"]))
    assert "(n, frames, dim) is expected" in refusal(saved(tmp_path / "four.onnx", model))


def test_a_file_that_cannot_run_a_window_is_refused(tmp_path: Path):
    model = filters(["n", "t"])
    model.graph.node.insert(0, helper.make_node("Reshape", ["wave", "one"], ["alone"]))
    model.graph.node[1].input[0] = "alone"
    model.graph.initializer.extend(constants(one=np.array([1, WINDOW + 1], np.int64)))
    found = refusal(saved(tmp_path / "exported.onnx", model))
    assert "fails on input of shape (1, 8000)" in found
    assert "\n" not in found


def test_a_file_that_is_not_onnx_is_refused(tmp_path: Path):
    assert "there is no such file" in refusal(tmp_path / "none.onnx")
    assert "not a plain file" in refusal(tmp_path)
    (tmp_path / "text.onnx").write_text("hello there", encoding="utf-8")
    assert "is not an ONNX file" in refusal(tmp_path / "text.onnx")
    (tmp_path / "empty.onnx").write_bytes(b"")
    assert "is not a network that ONNX Runtime can load" in refusal(tmp_path / "empty.onnx")
    whole = filters(["n", "t"]).SerializeToString()
    for length in (1, len(whole) // 2, len(whole) - 1):
        (tmp_path / "cut.onnx").write_bytes(whole[:length])
        refusal(tmp_path / "cut.onnx")


def test_an_unknown_operator_is_refused(tmp_path: Path):
    nodes = [helper.make_node("Listen", ["wave"], ["y"], domain="somebody")]
    path = saved(tmp_path / "custom.onnx", model_of(nodes, [value("wave", ["n", "t"])], [value("y", None)]))
    assert "is not a network that ONNX Runtime can load" in refusal(path)


def test_weights_in_another_file_are_refused(tmp_path: Path):
    path = tmp_path / "split.onnx"
    onnx.save(filters(["n", "t"]), str(path), save_as_external_data=True, size_threshold=0, location="w.bin")
    assert (tmp_path / "w.bin").exists()
    found = refusal(path)
    assert "'filters' in another file" in found
    # The message's way out works.
    onnx.save(onnx.load(path), tmp_path / "whole.onnx")
    assert OnnxFile(tmp_path / "whole.onnx", **ASKED).spec.dim == DIM


def outside(tensor: onnx.TensorProto, location: str) -> onnx.TensorProto:
    tensor = onnx.TensorProto.FromString(tensor.SerializeToString())
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    return tensor


@pytest.mark.parametrize("place", ["initializer", "attribute", "subgraph", "function", "sparse"])
@pytest.mark.parametrize("location", ["../secret.bin", "/etc/hostname", "inside.bin"])
def test_no_tensor_anywhere_in_a_file_may_lie_outside(tmp_path: Path, place: str, location: str):
    folder = tmp_path / "models"
    folder.mkdir()
    for name in (tmp_path / "secret.bin", folder / "inside.bin"):
        name.write_bytes(np.ones(DIM, np.float32).tobytes())
    model = filters(["n", "t"])
    secret = outside(constants(secret=np.ones(DIM, np.float32))[0], location)
    constant = helper.make_node("Constant", [], ["c"], value=secret)
    if place == "initializer":
        model.graph.initializer.append(secret)
    elif place == "attribute":
        model.graph.node.insert(0, constant)
    elif place == "subgraph":
        branch = helper.make_graph([constant], "b", [], [value("c", [DIM])])
        node = helper.make_node("If", ["yes"], ["chosen"], then_branch=branch, else_branch=branch)
        model.graph.initializer.extend(constants(yes=np.array(True)))
        model.graph.node.insert(0, node)
    elif place == "function":
        opsets = [helper.make_opsetid("", 17)]
        model.functions.append(helper.make_function("own", "Secret", [], ["c"], [constant], opsets))
    else:
        indices = constants(i=np.arange(DIM))[0]
        model.graph.sparse_initializer.append(helper.make_sparse_tensor(secret, indices, [DIM]))
    assert "'secret' in another file" in refusal(saved(folder / "ears.onnx", model))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sr": 0}, "a rate of 0 Hz"),
        ({"sr": 16_000.5}, "whole numbers"),
        ({"sr": float("nan")}, "a rate of nan"),
        ({"window_s": 0.0}, "a window of 0 s"),
        ({"window_s": float("nan")}, "a window of nan s"),
        ({"window_s": 1e9}, "120 s are possible"),
        ({"hop_s": -1.0}, "a hop of -1 s"),
    ],
)
def test_values_that_make_no_sense_are_refused(tmp_path: Path, asked: dict[str, float], said: str):
    path = saved(tmp_path / "ears.onnx", filters(["n", "t"]))
    with pytest.raises(UsageError, match=said):
        OnnxFile(path, **(ASKED | asked))


# Values that are no vector


def fussy() -> onnx.ModelProto:
    """sqrt(0.5 - peak), which is NaN for loud sounds, and a number looked up by peak, which fails at 2."""
    nodes = [
        helper.make_node("Abs", ["wave"], ["size"]),
        helper.make_node("ReduceMax", ["size"], ["peak"], axes=[1], keepdims=1),
        helper.make_node("Sub", ["half", "peak"], ["room"]),
        helper.make_node("Sqrt", ["room"], ["root"]),
        helper.make_node("Cast", ["peak"], ["whole"], to=INT64),
        helper.make_node("Gather", ["table", "whole"], ["picked"]),
        helper.make_node("Concat", ["root", "picked"], ["y"], axis=1),
    ]
    arrays = {"half": np.array(0.5, np.float32), "table": np.array([1e6, 2e6], np.float32)}
    return model_of(nodes, [value("wave", ["n", "t"])], [value("y", None)], **arrays)


def flat(size: float) -> Excerpts:
    return Excerpts.from_waveform(np.full(2 * WINDOW, size, np.float32), SR)


@pytest.fixture
def fussy_embedder(tmp_path: Path) -> OnnxFile:
    """It takes noise at the door: that stays below 0.5."""
    return OnnxFile(saved(tmp_path / "fussy.onnx", fussy()), **ASKED)


def test_values_that_are_not_numbers_are_the_tracks_error(fussy_embedder: OnnxFile):
    assert np.isfinite(fussy_embedder.embed(flat(0.4)).pooled).all()
    with pytest.raises(EmbeddingError, match=r"NaN or infinite values for 2 of 2 windows"):
        fussy_embedder.embed(flat(0.9))


def test_a_model_that_never_gives_numbers_fails_at_every_track(tmp_path: Path, segue, music):
    nodes = [
        helper.make_node("Sub", ["wave", "wave"], ["none"]),
        helper.make_node("ReduceMean", ["none"], ["zero"], axes=[1], keepdims=1),
        helper.make_node("Log", ["zero"], ["y"]),
    ]
    path = saved(tmp_path / "log.onnx", model_of(nodes, [value("wave", ["n", "t"])], [value("y", None)]))
    asked = ("--onnx", path, "--sr", SR, "--window", 0.5)
    code, out, _ = segue("-l", tmp_path / "library", "scan", *asked, *music.values())
    assert (code, out.split(";")[0]) == (2, "12 failed")


def test_a_run_that_fails_is_the_tracks_error(fussy_embedder: OnnxFile):
    with pytest.raises(EmbeddingError, match=r"fussy\.onnx fails on input of shape \(2, 8000\)"):
        fussy_embedder.embed(flat(7.0))


def test_windows_too_large_for_float16_are_kept_as_its_largest(fussy_embedder: OnnxFile):
    found = fussy_embedder.embed(flat(0.25))
    np.testing.assert_array_equal(found.pooled, np.array([0.5, 1e6], np.float32))
    np.testing.assert_array_equal(found.windows, np.array([[0.5, 65_504]] * 2, np.float16))


def test_a_track_without_a_vector_fails_alone(tmp_path: Path, segue):
    (tmp_path / "music").mkdir()
    for name, size in (("quiet", 0.1), ("louder", 0.4), ("nan", 0.9)):
        y = np.where(np.arange(2 * SR) % 100 < 50, size, -size)
        soundfile.write(tmp_path / "music" / f"{name}.wav", y, SR)
    library = ("-l", tmp_path / "library")
    scan = ("scan", "--onnx", saved(tmp_path / "fussy.onnx", fussy()), "--sr", SR, "--window", WINDOW / SR)
    code, out, err = segue(*library, *scan, tmp_path / "music")
    assert (code, out.split(";")[0]) == (1, "2 added, 1 failed")
    assert "nan.wav: the model fussy returns NaN or infinite values" in err
    assert segue(*library, "failures")[1].splitlines()[1].startswith("no vector")
