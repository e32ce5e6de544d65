"""Run mutmut without its mutants of strings; ``python -m mutation.operators`` takes mutmut's own arguments.

Most strings are messages. A test that fails if one of their letters changes pins the wording and shows no wrong
decision. mutmut has no setting for that, so this module takes the operator out of its list.
"""

from __future__ import annotations

from typing import cast

from mutmut.mutation import mutators


def leave_strings_out() -> None:
    """Remove the operator that changes strings. mutmut's other modules share the list, so it is changed in place."""
    shared = cast("list[object]", mutators.mutation_operators)  # It is declared as a sequence.
    shared[:] = [entry for entry in mutators.mutation_operators if entry[1] is not mutators.operator_string]


if __name__ == "__main__":
    # Only here: this import reads mutmut's settings, which are in the copy of the checkout.
    from mutmut.__main__ import cli

    leave_strings_out()
    cli()
