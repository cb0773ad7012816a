"""What ``segue.annoy`` takes as a vector, and what is a ``TypeError`` as in Annoy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from segue.errors import VectorError
from tests.annoy_indexes import small


class Halves:
    def __len__(self):
        return 3

    def __getitem__(self, i: int):
        return Fraction(range(3)[i], 2)


def test_vectors_are_also_what_counts_as_a_list_and_as_numbers():
    assert small(Halves()).get_item_vector(0) == [0, 0.5, 1]


class Endless:
    def __getitem__(self, i: int):
        return 1.0


class Opaque:
    def __len__(self):
        return 3


@pytest.mark.parametrize(
    "vector",
    [Endless(), Opaque(), None, 5.0, "abc", b"abc", ["1", "2", "3"], np.array(["1", "2", "3"]), [None] * 3,
     [1, 2, "3"], {0: 1.0, 1: 2.0, 2: 3.0}, {1.0, 2.0, 3.0}, [1 + 2j] * 3, [[1], [1, 2], 3]],
)  # fmt: skip
def test_what_is_no_list_of_numbers_is_a_type_error_as_in_annoy(vector: Any):
    index = small([1, 2, 3])
    with pytest.raises(TypeError) as caught:
        index.add_item(1, vector)
    assert isinstance(caught.value, VectorError)
    index.build(1)
    with pytest.raises(TypeError, match="the vector asked for"):
        index.get_nns_by_vector(vector, 1)
