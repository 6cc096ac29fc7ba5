from __future__ import annotations

from store.entered import Entered


def test_only_what_the_writing_before_did_not_have_is_fresh():
    entered = Entered()
    assert entered.fresh("host", 1, {"a", "b"}) == {"a", "b"}
    assert entered.fresh("host", 1, {"b", "c"}) == {"c"}
    assert entered.fresh("host", 2, {"b"}) == {"b"}
    assert entered.fresh("port", 1, {80}) == {80}
    assert entered.fresh("host", 1, {"a"}) == {"a"}, "it need not remember more than the last writing"


def test_it_may_forget_and_then_all_is_fresh():
    entered = Entered(most=2)
    for alert in range(3):
        entered.fresh("host", alert, {"a"})
    assert entered.fresh("host", 2, {"a"}) == set()
    assert entered.fresh("host", 0, {"a"}) == {"a"}
    entered.forget()
    assert entered.fresh("host", 0, {"a"}) == {"a"}


def test_what_is_given_is_not_kept_itself():
    entered, names = Entered(), {"a"}
    entered.fresh("host", 1, names)
    names.add("b")
    assert entered.fresh("host", 1, names) == {"b"}
