from __future__ import annotations

from api.broadcast import News, numbered
from api.events import event


def test_an_id_never_goes_beyond_what_is_still_to_come():
    def ids(*arguments):
        return [data.partition(b"\n")[0].decode() for _, data in numbered("run", *arguments)]

    news = [News(name, commit, event("alert", name)) for name, commit in (("a", 4), ("b", 6), ("c", 6))]
    assert ids(news, None, 9) == ["id: run/5", "id: run/5", "id: run/9"]
    assert ids(news, 5, 9) == ["id: run/4", "id: run/4", "id: run/4"]
    assert ids(news, 2, 9) == ["id: run/1"] * 3
    assert ids(news[::-1], None, 9) == ids(news, None, 9)
    assert ids([], None, 9) == []
