"""Constraints, keys and triggers: without each of them a test fails."""

from __future__ import annotations

from tests.mutations.each import proofs_of

test_the_list_is_complete, test_a_test_notices = proofs_of("values")
