"""Keep the names of tests the same each time that one process collects them; a plugin for pytest.

mutmut runs pytest several times in one process, and passes the names of the tests that it wants. pytest keeps the ids
of a parametrised test with its mark and escapes them again each time: a backslash becomes two, pytest does not find
the old name, and mutmut takes that for a mutant that was noticed. `ARGUMENTS` turn the escaping off; the hook below
escapes the odd characters in strings and bytes instead.
"""

from __future__ import annotations

from typing import Final

ARGUMENTS: Final = (
    *("-p", "mutation.plain_ids"),
    *("-o", "disable_test_id_escaping_and_forfeit_all_rights_to_community_support=true"),
)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Return printable ASCII for a string or bytes, and leave everything else to pytest."""
    return ascii(val) if isinstance(val, str | bytes) else None
