"""Where Spark, or a part of it, is not installed."""

from __future__ import annotations

import sys

import pytest

from segue.errors import MissingExtraError, UsageError
from segue.spark import spark_session

pytest.importorskip("pyspark")


@pytest.fixture
def client_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if neither Sail nor Spark itself were installed."""
    for name in ("pysail", "py4j"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("client_alone")
def test_without_a_master_the_extra_is_named_that_brings_one():
    with (
        pytest.raises(MissingExtraError, match="Spark needs an optional dependency: "),
        spark_session(),
    ):
        pass


@pytest.mark.usefixtures("client_alone")
def test_a_master_that_needs_spark_itself_is_named():
    with (
        pytest.raises(UsageError, match=r"--master local\[2\] needs PyPI's pyspark.*leave --master out"),
        spark_session("local[2]"),
    ):
        pass
