"""segue plan: what a catalog of any size costs."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from segue.cli.options import FiniteRange
from segue.cli.show import print_json
from segue.cli.tables import columns
from segue.texts import count

if TYPE_CHECKING:
    from segue.spark.plan import Rates, Step, Work

_WITHIN_H = 24.0
_AMOUNT = FiniteRange(min=0)
_UNITS = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6))


@click.command(short_help="Estimate hours, memory and disk for many tracks.")
@click.option("--tracks", required=True, type=FiniteRange(min=1), help="How many tracks, such as 100e6.")
@click.option("--minutes", default=4.0, show_default=True, type=_AMOUNT, help="Length of a track.")
@click.option("--dim", default=128, show_default=True, type=click.IntRange(1), help="Numbers in a vector.")
@click.option("--users", default=0.0, type=_AMOUNT, help="How many users get recommendations.")
@click.option("-k", default=10, show_default=True, type=click.IntRange(1), help="Neighbors of each.")
@click.option("--cores", type=click.IntRange(1), help="Cores of all machines (default: those of this one).")
@click.option("--measure", is_flag=True, help="Measure the rates on this machine; takes about a minute.")
@click.option(
    "--embedder", "-e", "models", multiple=True, help="Models for --measure. Repeat it for several."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan(cores: int | None, measure: bool, models: tuple[str, ...], as_json: bool, **amounts: Any) -> None:
    """Estimate what embedding, indexing and searching a catalog takes.

    The numbers are estimates from measured rates, within about 30 % where the rates are right.
    """
    from segue.spark import plan as planning

    work = planning.Work(**amounts)
    if measure:
        from segue.spark.rates import measure as measure_rates

        rates = measure_rates(work.dim, list(models) or None)
    else:
        rates = planning.usual_rates(work.dim)
    steps = planning.plan(work, rates)
    cores = cores or os.cpu_count() or 1
    compared = planning.compare_all_hours(work, rates)
    within = planning.cores_within(steps, _WITHIN_H)
    if as_json:
        print_json(
            {"work": asdict(work), "rates": asdict(rates), "cores": cores,
             "steps": [asdict(step) for step in steps], "cores_for_a_day": within,
             "compare_all_core_hours": compared}
        )  # fmt: skip
        return
    _show(steps, cores)
    click.echo(f"\nAll within {_WITHIN_H:.0f} h: {within} cores.")
    click.echo(f"Comparing all vectors instead, the products alone: {_hours(compared)} core-hours.")
    _show_assumptions(work, rates)


def _show(steps: list[Step], cores: int) -> None:
    names = ["step", "core-hours", f"hours on {cores}", "memory a core", "shared memory", "disk"]
    rows = [
        [step.name, _hours(step.core_hours), _hours(step.core_hours / cores), _bytes(step.worker_bytes),
         _bytes(step.machine_bytes), _bytes(step.disk_bytes)]
        for step in steps
    ]  # fmt: skip
    total = sum(step.core_hours for step in steps)
    disk = sum(step.disk_bytes for step in steps)
    columns(names, [*rows, ["all", _hours(total), _hours(total / cores), "", "", _bytes(disk)]])


def _show_assumptions(work: Work, rates: Rates) -> None:
    from segue.spark.plan import ANALYZED_MIN, SHARD_ROWS, WINDOWS_A_MIN

    click.echo(
        f"Rates, {rates.origin}: a minute of a file decodes in {rates.decode_s:.3f} CPU s and is analyzed in "
        f"{rates.analyze_s:.2f}; a row is indexed in {rates.build_us:.0f} us; a query takes "
        f"{rates.query_us:.0f} us in a shard of {SHARD_ROWS / 1e6:.0f} million rows, at recall .95."
    )
    click.echo(
        f"Assumptions: {ANALYZED_MIN:.0f} min of a track are analyzed at the most, and "
        f"{WINDOWS_A_MIN:.0f} windows a minute kept; one core a task, no waiting for disk or network; "
        f"{count(round(work.shards), 'shard')}, each "
        "searched for every query; shared memory is once on each machine, and the vectors are read from disk."
    )


def _hours(hours: float) -> str:
    return f"{hours:,.0f}" if hours >= 100 else f"{hours:.1f}" if hours >= 1 else f"{hours:.2g}"


def _bytes(n: float) -> str:
    unit, size = next((pair for pair in _UNITS if n >= pair[1]), _UNITS[-1])
    return "" if not n else f"{n / size:.3g} {unit}"
