"""A measurement on a database of its own, that has to add up at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.bench.measurement import Measurement

if TYPE_CHECKING:
    from deploy.bench.fleet import Fleet


class Filled(Measurement):
    """A measurement whose first step makes a fleet."""

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self._fleet: Fleet | None = None
        self._faults: list[str] = []

    @property
    def fleet(self) -> Fleet:
        """The database, once it is filled."""
        if self._fleet is None:
            raise RuntimeError("the fleet is made by the first step")
        return self._fleet

    def check(self) -> None:
        """Add every stock up; those that are wrong are a fault."""
        if faults := self.fleet.faults():
            self._faults.append(f"{faults} stocks do not add up")
