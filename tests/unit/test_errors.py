"""One family of errors, all faults at once."""

import pytest

from regdecode.errors import Faults, InputError


def test_message_says_where_what_and_fix():
    assert str(InputError("end 3 < start 5", "a.bed:7", "swap them")) == "a.bed:7: end 3 < start 5\n  fix: swap them"
    assert str(InputError("empty")) == "empty"


def test_faults_raise_once_with_all_of_them():
    faults = Faults()
    faults.raise_if_any()
    faults.add("first", "a")
    with faults.collect():
        raise InputError("second", "b")
    with pytest.raises(InputError) as caught:
        faults.raise_if_any()
    assert "2 faults" in str(caught.value)
    assert "a: first" in str(caught.value)
    assert "b: second" in str(caught.value)


def test_a_single_fault_is_raised_as_it_is_and_a_long_list_is_cut():
    one = Faults()
    one.add("only", "x")
    with pytest.raises(InputError, match=r"^x: only$"):
        one.raise_if_any()
    many = Faults(limit=2)
    for k in range(5):
        many.add(f"fault {k}")
    with pytest.raises(InputError, match="and 3 more"):
        many.raise_if_any()
