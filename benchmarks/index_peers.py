"""The indexes that are compared, each built and asked in its own way, one thread a query.

A peer has ``build(rows, path)``, which leaves what it needs on disk, ``open(path)``, and ``settings``,
from quick and rough to slow and right, each of which ``asker`` turns into a function from a query to ids.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
Ask = Callable[[Rows], Sequence[int]]
K = 10
CORES = os.cpu_count() or 1


class Peer(Protocol):
    name: str
    package: str
    settings: Sequence[float]

    def build(self, rows: Rows, path: Path) -> None: ...

    def open(self, path: Path, rows: Rows) -> None: ...

    def asker(self, setting: float) -> Ask: ...


class Segue:
    name, package = "segue", "segue"
    settings = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.999)

    def __init__(self, metric: str) -> None:
        self._metric = metric

    def build(self, rows: Rows, path: Path) -> None:
        from segue.index import Index

        Index.build(rows, metric=self._metric).save(path)

    def open(self, path: Path, rows: Rows) -> None:
        from segue.index import Index

        self.index = Index.open(path)

    def asker(self, setting: float) -> Ask:
        return lambda query: self.index.query(query, K, recall=setting)[0][0]

    def batch(self, queries: Rows, setting: float) -> NDArray[np.int64]:
        return self.index.query(queries, K, recall=setting)[0]


class Annoy:
    name, package = "annoy", "annoy"
    settings = (50, 100, 200, 500, *(1000 * 2**i for i in range(10)))

    def __init__(self, metric: str, trees: int) -> None:
        self._metric = {"cosine": "angular"}.get(metric, metric)
        self._trees = trees

    def _empty(self, dim: int) -> Any:
        from annoy import AnnoyIndex

        return AnnoyIndex(dim, self._metric)

    def build(self, rows: Rows, path: Path) -> None:
        index = self._empty(rows.shape[1])
        for i, row in enumerate(rows):
            index.add_item(i, row)
        index.build(self._trees, n_jobs=CORES)
        index.save(str(path))

    def open(self, path: Path, rows: Rows) -> None:
        self.index = self._empty(rows.shape[1])
        self.index.load(str(path))

    def asker(self, setting: float) -> Ask:
        return lambda query: self.index.get_nns_by_vector(query, K, int(setting))


class Hnswlib:
    name, package = "hnswlib", "hnswlib"
    settings = (10, 16, 24, 32, 48, 64, 96, 128, 256, 512)

    def __init__(self, metric: str) -> None:
        self._space = {"cosine": "cosine", "euclidean": "l2"}[metric]

    def build(self, rows: Rows, path: Path) -> None:
        import hnswlib

        index = hnswlib.Index(self._space, rows.shape[1])
        index.init_index(len(rows), M=16, ef_construction=100)
        index.set_num_threads(CORES)
        index.add_items(np.asarray(rows, np.float32))
        index.save_index(str(path))

    def open(self, path: Path, rows: Rows) -> None:
        import hnswlib

        self.index = hnswlib.Index(self._space, rows.shape[1])
        self.index.load_index(str(path))
        self.index.set_num_threads(1)

    def asker(self, setting: float) -> Ask:
        def ask(query: Rows) -> Sequence[int]:
            self.index.set_ef(max(K, int(setting)))
            return self.index.knn_query(query, K)[0][0]

        return ask

    def batch(self, queries: Rows, setting: float) -> NDArray[np.int64]:
        self.index.set_ef(max(K, int(setting)))
        rows: NDArray[np.int64] = self.index.knn_query(queries, K, num_threads=CORES)[0].astype(np.int64)
        return rows


class Usearch:
    name, package = "usearch", "usearch"
    settings = Hnswlib.settings

    def __init__(self, metric: str) -> None:
        self._metric = {"cosine": "cos", "euclidean": "l2sq"}[metric]

    def build(self, rows: Rows, path: Path) -> None:
        from usearch.index import Index

        index = Index(
            ndim=rows.shape[1], metric=self._metric, dtype="f32", connectivity=16, expansion_add=100
        )
        index.add(np.arange(len(rows)), np.asarray(rows, np.float32), threads=CORES)
        index.save(str(path))

    def open(self, path: Path, rows: Rows) -> None:
        from usearch.index import Index

        self.index = Index.restore(str(path), view=True)

    def asker(self, setting: float) -> Ask:
        def ask(query: Rows) -> Sequence[int]:
            self.index.expansion_search = int(setting)
            return self.index.search(query.astype(np.float32), K, threads=1).keys

        return ask


class Voyager:
    name, package = "voyager", "voyager"
    settings = Hnswlib.settings

    def __init__(self, metric: str) -> None:
        self._metric = metric

    def build(self, rows: Rows, path: Path) -> None:
        from voyager import Index, Space

        space = {"cosine": Space.Cosine, "euclidean": Space.Euclidean}[self._metric]
        index = Index(space, rows.shape[1], M=16, ef_construction=100, max_elements=len(rows))
        index.add_items(np.array(rows, np.float32), num_threads=CORES)
        index.save(str(path))

    def open(self, path: Path, rows: Rows) -> None:
        from voyager import Index

        self.index = Index.load(str(path))

    def asker(self, setting: float) -> Ask:
        return lambda query: self.index.query(query.astype(np.float32), K, query_ef=max(K, int(setting)))[0]


class FaissHnsw:
    name, package = "faiss HNSW", "faiss"
    settings = Hnswlib.settings

    def __init__(self, metric: str) -> None:
        self._unit = metric == "cosine"

    def _rows(self, rows: Rows) -> Rows:
        wide = np.array(rows, np.float32)
        if self._unit:
            wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        return wide

    def build(self, rows: Rows, path: Path) -> None:
        import faiss

        index = faiss.IndexHNSWFlat(rows.shape[1], 16)
        index.hnsw.efConstruction = 100
        index.add(self._rows(rows))
        faiss.write_index(index, str(path))

    def open(self, path: Path, rows: Rows) -> None:
        import faiss

        self.index = faiss.read_index(str(path))

    def asker(self, setting: float) -> Ask:
        def ask(query: Rows) -> Sequence[int]:
            self.index.hnsw.efSearch = int(setting)
            return self.index.search(self._rows(query[None]), K)[1][0]

        return ask


class Scann:
    name, package = "scann", "scann"
    settings = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96)

    def __init__(self, metric: str) -> None:
        self._metric = metric

    def build(self, rows: Rows, path: Path) -> None:
        import scann

        wide = np.array(rows, np.float32)
        if self._metric == "cosine":
            wide /= np.linalg.norm(wide, axis=1, keepdims=True)
        measure = "dot_product" if self._metric == "cosine" else "squared_l2"
        leaves = int(len(rows) ** 0.5)
        searcher = (
            scann.scann_ops_pybind.builder(wide, K, measure)
            .tree(leaves, 8, training_sample_size=min(len(rows), 100_000))
            .score_ah(2, anisotropic_quantization_threshold=0.2)
            .reorder(100)
            .build()
        )
        path.mkdir(exist_ok=True)
        searcher.serialize(str(path))

    def open(self, path: Path, rows: Rows) -> None:
        import scann

        self.index = scann.scann_ops_pybind.load_searcher(str(path))

    def asker(self, setting: float) -> Ask:
        return lambda query: self.index.search(
            np.asarray(query, np.float32), leaves_to_search=int(setting), pre_reorder_num_neighbors=100
        )[0]


class Rabitq:
    """IVF-RaBitQ; at most a few bits a number, and no exact comparison: its distances are estimates."""

    package = "rabitqlib"
    settings = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)

    def __init__(self, metric: str, bits: int) -> None:
        self._unit, self._bits = metric == "cosine", bits
        self.name = f"rabitq {bits} bits"

    def _wide(self, rows: Rows) -> Rows:
        """float32, of length 1 for cosine, with zeros behind fewer than 64 numbers, as it takes no fewer."""
        wide = np.array(rows, np.float32)
        if self._unit:
            wide /= np.sqrt(np.einsum("ij,ij->i", wide, wide))[:, None]
        return wide if wide.shape[1] >= 64 else np.pad(wide, ((0, 0), (0, 64 - wide.shape[1])))

    def build(self, rows: Rows, path: Path) -> None:
        from rabitqlib import FinalAssignmentMode, IvfIndex, RaBitQKMeans

        wide = self._wide(rows)
        n, dim = wide.shape
        n_lists = max(16, int(2 ** round(np.log2(1.25 * n**0.5))))
        means = RaBitQKMeans(dim, n_lists, num_threads=1, final_assignment=FinalAssignmentMode.Exact)
        means.train(wide)
        index = IvfIndex(dim, n, n_lists, self._bits, "l2")
        index.build(wide, means.centroids, means.assignments)
        index.save(str(path))

    def open(self, path: Path, rows: Rows) -> None:
        from rabitqlib import IvfIndex

        self.index = IvfIndex.load(str(path))

    def asker(self, setting: float) -> Ask:
        return lambda query: self.index.search(self._wide(query[None]), K, int(setting))[0][0]
