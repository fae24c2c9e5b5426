"""The two proofs of each list; a module each, so that workers share them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.mutations.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.mutations.laboratory import Laboratory
    from tests.mutations.listing import Entry


def proofs_of(
    subject: str,
) -> tuple[Callable[[Laboratory], None], Callable[[Laboratory, Entry], None]]:
    """The tests of `lists/<subject>.yaml`, for a module to name."""

    def the_list_is_complete(laboratory: Laboratory) -> None:
        """No safeguard is missing from the list, and it names none that is not."""
        assert not laboratory.differences(subject)

    @pytest.mark.parametrize("entry", read_list(subject), ids=str)
    def a_test_notices(laboratory: Laboratory, entry: Entry) -> None:
        """The named test fails when the safeguard is taken away."""
        unnoticed = laboratory.unnoticed(subject, entry)
        assert not unnoticed, "\n\n".join(unnoticed)

    return the_list_is_complete, a_test_notices
