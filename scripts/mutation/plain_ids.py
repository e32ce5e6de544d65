"""A plugin for pytest: names of tests that mean the same test however often one process collects them.

mutmut runs pytest several times in one process, and names the tests that it wants. pytest keeps the ids of a
parametrised test with its mark and escapes them again each time: a backslash in one is two the next time, the test of
the old name is not found, and mutmut takes that for a mutant that was noticed. So pytest is told to leave ids as they
are (`ARGUMENTS`), which leaves the odd characters in texts and bytes to the hook here.
"""

from __future__ import annotations

from typing import Final

ARGUMENTS: Final = (
    *("-p", "mutation.plain_ids"),
    *("-o", "disable_test_id_escaping_and_forfeit_all_rights_to_community_support=true"),
)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Printable ASCII for a text or bytes; the rest is pytest's affair."""
    return ascii(val) if isinstance(val, str | bytes) else None
