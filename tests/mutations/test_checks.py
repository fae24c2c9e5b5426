"""Each safeguard that functions and views are: without it a test fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mutations.listing import read_list

if TYPE_CHECKING:
    from tests.mutations.laboratory import Laboratory
    from tests.mutations.listing import Entry

SUBJECT = "checks"


def test_the_list_is_that_of_the_database(laboratory: Laboratory) -> None:
    """No safeguard is missing from the list, and the list names none that is not."""
    assert not laboratory.differences(SUBJECT)


@pytest.mark.parametrize("entry", read_list(SUBJECT), ids=str)
def test_a_test_notices(laboratory: Laboratory, entry: Entry) -> None:
    """The named test fails when the safeguard is taken away."""
    unnoticed = laboratory.unnoticed(SUBJECT, entry)
    assert not unnoticed, "\n\n".join(unnoticed)
