"""Looks at a machine, at what Segue is made of, and at a library, and says what stands in the way."""

from segue.doctor.examination import examine
from segue.doctor.finding import Finding, State

__all__ = ["Finding", "State", "examine"]
