"""Files of ``segue.annoy`` and Annoy's own: beside Annoy where it is there, and beside what it once said."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.annoy import AnnoyIndex, FileError, ItemError, SavingError
from segue.errors import IndexFormatError
from segue.index import Index
from tests.annoy_indexes import METRICS, brute, filled, small
from tests.golden.annoy.make_annoy import GAPS, HERE, ITEMS, N_TREES, SIZES, vectors

ANSWERS = json.loads((HERE / "answers.json").read_text("utf-8"))


@pytest.fixture(params=METRICS)
def metric(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def annoy() -> Any:
    return pytest.importorskip("annoy", reason="Annoy is not installed: pip install annoy-binary")


# Files


def test_saved_indexes_are_mapped_and_shared(tmp_path: Path, metric: str):
    built = filled(metric)
    asked = built.get_nns_by_item(0, 10, include_distances=True)
    built.save(tmp_path / "x")
    loaded = AnnoyIndex(SIZES[metric], metric)
    loaded.load(tmp_path / "x")
    for index in (built, loaded):
        assert not index.index.vectors.flags.owndata
        assert not index.index.vectors.flags.writeable  # as mapped files are
        assert index.get_nns_by_item(0, 10, include_distances=True) == asked
        assert index.get_n_trees() == N_TREES
        assert index.get_item_vector(3) == vectors(metric)[3].tolist()


@pytest.mark.slow
def test_another_process_reads_what_was_saved(tmp_path: Path, metric: str):
    built = filled(metric)
    built.save(tmp_path / "x")
    code = (
        "import json, sys; from segue.annoy import AnnoyIndex\n"
        f"t = AnnoyIndex({SIZES[metric]}, {metric!r}); t.load(sys.argv[1])\n"
        "print(json.dumps([t.get_nns_by_item(0, 10, -1, True), t.get_n_items()]))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "x")], capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout) == [[*map(list, built.get_nns_by_item(0, 10, -1, True))], 40]


def test_saving_over_a_file_leaves_its_readers_what_they_opened(tmp_path: Path):
    old, new = small([1, 2]), small([3, 4])
    for index in (old, new):
        index.build(10)
        index.save(tmp_path / "x")
    new.save(tmp_path / "x")
    assert (old.get_item_vector(0), new.get_item_vector(0)) == ([1, 2], [3, 4])
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_file_of_another_size_or_metric_is_refused(tmp_path: Path):
    for metric in METRICS:
        filled(metric).save(tmp_path / metric)
    for metric in METRICS:
        for f, other in [*((SIZES[m], m) for m in METRICS if m != metric), (SIZES[metric] + 1, metric)]:
            index = AnnoyIndex(f, other)
            with pytest.raises(FileError, match=f"has f={SIZES[metric]} and '{metric}', this index f={f}"):
                index.load(tmp_path / metric)
            assert index.get_n_items() == 0


def test_an_index_of_segues_can_be_loaded(tmp_path: Path, rng: np.random.Generator):
    rows = rng.integers(0, 255, (50, 16), np.uint8)
    Index.build(rows, metric="euclidean").save(tmp_path / "bytes")
    index = AnnoyIndex(16, "euclidean")
    index.load(tmp_path / "bytes")
    assert index.get_item_vector(3) == rows[3].tolist()
    assert index.get_nns_by_item(3, 1) == [3]
    index.unbuild()
    index.build(10)
    assert index.get_distance(3, 4) == pytest.approx(np.linalg.norm(rows[3].astype(float) - rows[4]))


def test_files_that_are_not_there_or_cannot_be_written_are_os_errors(tmp_path: Path):
    index = small([1, 2])
    with pytest.raises(FileNotFoundError):
        index.load(tmp_path / "nothing")
    with pytest.raises(FileNotFoundError):
        AnnoyIndex(2, "dot").on_disk_build(tmp_path / "nowhere" / "x")
    index.build(1)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SavingError, match="cannot be written"):
        index.save(tmp_path / "folder")
    assert index.get_nns_by_item(0, 1) == [0]


def test_saving_makes_no_folders(tmp_path: Path):
    index = small([1, 2])
    index.build(1)
    with pytest.raises(OSError, match="there is no folder"):
        index.save(tmp_path / "typing error" / "x")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_refused(tmp_path: Path):
    index = filled("angular")
    index.save(tmp_path / "x")
    data = bytearray((tmp_path / "x").read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "y").write_bytes(data)
    with pytest.raises(OSError, match="is damaged"):
        AnnoyIndex(8, "angular").load(tmp_path / "y")


# Annoy's own files


def golden(metric: str) -> Path:
    return HERE / f"{metric}.ann"


def assert_golden(index: AnnoyIndex, metric: str) -> None:
    rows = vectors(metric)
    assert index.index.ids.tolist() == ITEMS
    assert all(index.get_item_vector(i) == rows[i].tolist() for i in ITEMS)
    assert (index.get_n_items(), index.get_n_trees()) == (40, N_TREES)
    for i, (found, gaps) in ANSWERS[metric]["nearest"].items():
        ours = index.get_nns_by_item(int(i), 10, include_distances=True)
        assert ours[0] == found
        assert ours[1] == pytest.approx(gaps, abs=1e-5)
    assert index.get_distance(2, 3) == pytest.approx(ANSWERS[metric]["distance"], abs=1e-5)


def test_the_items_of_a_file_of_annoys_are_read(metric: str):
    index = AnnoyIndex.from_ann(golden(metric), SIZES[metric], metric)
    assert_golden(index, metric)
    for gap in GAPS:
        with pytest.raises(ItemError):
            index.get_item_vector(gap)


def test_load_takes_a_file_of_annoys_and_save_makes_it_ours(metric: str, tmp_path: Path):
    index = AnnoyIndex(SIZES[metric], metric)
    index.load(str(golden(metric)))
    assert_golden(index, metric)
    index.save(tmp_path / "ours")
    assert (tmp_path / "ours").read_bytes()[:8] == b"SEGUEIDX"
    assert_golden(index, metric)


@pytest.mark.parametrize("f", [7, 8, 9, 64, 70, 140])
def test_a_file_of_annoys_for_another_f_or_metric_is_refused(metric: str, f: int):
    # The files say no more: these two metrics have the same nodes, and dot's are those of a longer angular.
    alike = {("euclidean", "manhattan"), ("manhattan", "euclidean")}
    for other in METRICS:
        if (other, f) == (metric, SIZES[metric]) or ((metric, other) in alike and f == SIZES[metric]):
            continue
        if (metric, other, f) == ("dot", "angular", 9):
            continue
        with pytest.raises(FileError, match=f"nor one that Annoy made with f={f} and '{other}'"):
            AnnoyIndex.from_ann(golden(metric), f, other)


def rewritten(path: Path, metric: str, changes: dict[int, tuple[str, Any]]) -> Path:
    """A golden file with some values changed: byte -> NumPy type and value."""
    data = bytearray(golden(metric).read_bytes())
    for at, (dtype, value) in changes.items():
        new = np.array(value, dtype).tobytes()
        at = at if at >= 0 else len(data) + at  # noqa: PLW2901
        data[at : at + len(new)] = new
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("metric", "changes", "reason"),
    [
        ("angular", {0: ("<i4", 2)}, "are not all items"),
        ("angular", {-44: ("<i4", 39)}, "not all items|counts"),
        ("angular", {-44: ("<i4", 68)}, "counts 68 items among 68 nodes"),
        ("angular", {-44: ("<i4", -1)}, "counts -1 items"),
        ("angular", {40 * 44: ("<i4", 41)}, "a node counts"),
        ("angular", {-40: ("<i4", 68)}, "a child outside of its 68 nodes"),
        ("angular", {-40: ("<i4", -1)}, "a child outside"),
        ("angular", {4: ("<f4", 1)}, "length is not that of its vector"),
        ("dot", {12: ("<f4", 1)}, "length is not that of its vector"),
        ("euclidean", {8: ("<i4", 1)}, "an item has children"),
        ("hamming", {16 + 15: ("u1", 255)}, "an item has more than 70 bits"),
    ],
)
def test_a_file_of_annoys_that_makes_no_sense_is_refused(
    tmp_path: Path, metric: str, changes: dict[int, tuple[str, Any]], reason: str
):
    path = rewritten(tmp_path / "x.ann", metric, changes)
    with pytest.raises(IndexFormatError, match=reason):
        AnnoyIndex.from_ann(path, SIZES[metric], metric)


@pytest.mark.parametrize("content", [b"", b"no index", bytes(44 * 3 - 1), b"\xff" * 440, b"SEGUEIDX"])
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(FileError):
        AnnoyIndex(8, "angular").load(tmp_path / "x")


@pytest.mark.filterwarnings("ignore:.*left out:UserWarning")
def test_a_file_of_annoys_with_any_byte_changed_is_refused_or_read(
    tmp_path: Path, metric: str, rng: np.random.Generator
):
    data = golden(metric).read_bytes()
    refused = 0
    for at in rng.integers(0, len(data), 60).tolist():
        changed = bytearray(data)
        changed[at] ^= int(rng.integers(1, 256))
        (tmp_path / "x").write_bytes(changed)
        try:
            index = AnnoyIndex.from_ann(tmp_path / "x", SIZES[metric], metric)
        except FileError:
            refused += 1
        else:
            found = index.get_nns_by_vector(vectors(metric)[0], 5)
            assert len(found) == min(5, len(index.index))
    assert refused


def test_items_of_annoys_without_a_place_are_left_out_with_a_warning(tmp_path: Path):
    changes: dict[int, tuple[str, Any]] = {i * 44 + 4: ("<f4", [0] * 10) for i in (1, 2)}
    changes[3 * 44 + 12] = ("<f4", np.nan)
    path = rewritten(tmp_path / "x.ann", "angular", changes)
    with pytest.warns(UserWarning, match=r"3 items of .* are left out.*: 1, 2, 3"):
        index = AnnoyIndex.from_ann(path, 8, "angular")
    assert index.index.ids.tolist() == [i for i in ITEMS if i not in (1, 2, 3)]


# Beside Annoy


NOTEBOOK = """
rows = np.random.default_rng(3).integers(0, 255, (60, 10, 128)).astype(np.float32)  # AudioSet's, made up
t = AnnoyIndex(1280, 'angular')
for i, v in enumerate(rows):
    t.add_item(i, v.flatten())
t.build(100)
t.save(folder + '/test.ann')
u = AnnoyIndex(1280, 'angular')
u.load(folder + '/test.ann')
print(json.dumps([u.get_nns_by_item(0, 10), u.get_n_items(), u.get_item_vector(5)[:3], u.f]))
"""
HEAD = "import json, sys\nimport numpy as np\nfolder = sys.argv[1]\n"


def notebook(module: str, folder: Path) -> Any:
    code = f"{HEAD}from {module} import AnnoyIndex\n{NOTEBOOK}"
    said = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(said.stdout)


def test_the_seeds_notebook_runs_with_one_import_changed(tmp_path: Path):
    found, n, vector, f = notebook("segue.annoy", tmp_path)
    rows = np.random.default_rng(3).integers(0, 255, (60, 1280)).astype(np.float32)
    assert found == np.argsort(brute(rows, rows[0], "angular"))[:10].tolist()
    assert (n, vector, f) == (60, rows[5, :3].tolist(), 1280)


def test_the_seeds_notebook_prints_what_it_prints_with_annoy(tmp_path: Path, annoy: Any):
    assert notebook("segue.annoy", tmp_path) == notebook("annoy", tmp_path)


@pytest.mark.usefixtures("annoy")
@pytest.mark.parametrize("f", [8, 70])
def test_answers_are_annoys(tmp_path: Path, metric: str, f: int, annoy: Any, rng: np.random.Generator):
    rows = rng.standard_normal((200, f)).astype(np.float32)
    rows = (rows > 0).astype(np.float32) if metric == "hamming" else rows
    asked = []
    for make, name in ((annoy.AnnoyIndex, "theirs"), (AnnoyIndex, "ours")):
        t = make(f, metric)
        for i, row in enumerate(rows):
            t.add_item(i, row)
        t.build(10)
        t.save(str(tmp_path / name))
        u = make(f, metric)
        u.load(str(tmp_path / name))
        asked.append([u.get_nns_by_item(i, 10, 10_000, True) for i in range(0, 200, 9)])
        asked[-1] += [u.get_nns_by_vector(-rows[i], 300, 10_000, True) for i in range(0, 200, 50)]
    for theirs, ours in zip(*asked, strict=True):
        assert ours[1] == pytest.approx(theirs[1], abs=1e-3 if ours[1][0] == 0 else 1e-5, rel=1e-5)
        if metric != "hamming":  # its many ties come in any order
            assert ours[0] == theirs[0]
    index = AnnoyIndex.from_ann(tmp_path / "theirs", f, metric)
    assert index.get_nns_by_item(0, 10, include_distances=True) == asked[1][0]


def test_annoys_files_of_few_items_and_of_none_are_read(tmp_path: Path, annoy: Any, metric: str):
    for n in (0, 1, 2, 5):
        theirs = annoy.AnnoyIndex(100, metric)
        for i in range(n):
            theirs.add_item(i, [1.0] * (i + 1) + [0] * (99 - i))
        theirs.build(3)
        theirs.save(str(tmp_path / "x"))
        index = AnnoyIndex.from_ann(tmp_path / "x", 100, metric)
        assert (index.get_n_items(), len(index.get_nns_by_vector([1.0] * 100, 10))) == (n, n)
        assert n == 0 or index.get_n_trees() == 3


@pytest.mark.parametrize("items", [[1000], [3, 1000], [*range(0, 300, 7)]])
def test_annoys_files_with_holes_are_read(tmp_path: Path, annoy: Any, metric: str, items: list[int]):
    theirs = annoy.AnnoyIndex(10, metric)
    for i in items:
        theirs.add_item(i, [i + 1.0, *range(9)])
    theirs.build(10)
    theirs.save(str(tmp_path / "x"))
    index = AnnoyIndex.from_ann(tmp_path / "x", 10, metric)
    assert index.index.ids.tolist() == items
    assert index.get_n_items() == theirs.get_n_items()


def test_annoy_refuses_what_we_refuse_with_the_same_classes(annoy: Any):
    for make in (annoy.AnnoyIndex, AnnoyIndex):
        index = make(2, "euclidean")
        index.add_item(0, [1, 2])
        with pytest.raises(IndexError):
            index.add_item(-1, [1, 2])
        with pytest.raises(IndexError):
            index.add_item(1, [1, 2, 3])
        with pytest.raises(OSError, match="built"):
            index.save("nowhere")
        with pytest.raises(OSError, match="No such file"):
            index.load("/nowhere/at/all")
        index.build(1)
        for i in (-1, 1, 1000):
            with pytest.raises(IndexError):
                index.get_item_vector(i)
            with pytest.raises(IndexError):
                index.get_distance(0, i)
            with pytest.raises(IndexError):
                index.get_nns_by_item(i, 1)
        with pytest.raises(ValueError, match="metric"):
            make(2, "banana")
