from __future__ import annotations

import io
import json

import pyarrow.parquet as pq
import pytest

from campaign.export import export, opened
from contract.errors import InputError
from detector.result_files import Files
from store.filters import Filters
from store.formats.base import WHATS
from store.formats.registry import format_of, formats
from tests.campaign.runs import ROWS, finished
from tests.store.helpers import START, alert, flows, verdicts


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return finished(tmp_path_factory.mktemp("runs"))


def lines(path, form, what, **filters):
    sink = io.BytesIO()
    with opened(path) as (feed, origin):
        count = export(feed, origin, format_of(form), what, Filters(**filters), sink)
    return count, [json.loads(line) for line in sink.getvalue().splitlines()]


def test_a_run_folder_is_written_in_order(run):
    assert [event["alert"]["context"]["tenfold"]["alert_id"] for event in lines(run.path, "eve", "alerts")[1]] == [1, 2]
    count, found = lines(run.path, "eve", "flows")
    assert (count, [event["flow_id"] for event in found]) == (ROWS, list(range(ROWS)))
    count, found = lines(run.path, "eve", "detections", attacks=True)
    assert [event["flow_id"] for event in found] == [i for i in range(ROWS) if i % 3]
    assert found[0]["alert"]["context"]["tenfold"]["run"] == run.id


def test_tables_have_all_their_columns(run):
    for what in ("flows", "detections"):
        sink = io.BytesIO()
        with opened(run.path) as (feed, origin):
            export(feed, origin, format_of("parquet"), what, Filters(), sink)
        found = pq.read_table(io.BytesIO(sink.getvalue()))
        assert (found.num_rows, found.column("committed").null_count) == (ROWS, 0)


def test_filters_hold(run):
    assert lines(run.path, "eve", "alerts", family="web_scan")[0] == 1
    assert lines(run.path, "ndjson", "detections", group="recon", until=START + 30_000_000)[0] == 10
    assert lines(run.path, "eve", "flows", host="198.18.0.7")[0] == 1
    for what, filters, words in (
        ("flows", {"family": "syn_flood"}, "flows know no family"),
        ("alerts", {"family": "x"}, "no family"),
    ):
        with pytest.raises(InputError, match=words):
            lines(run.path, "eve", what, **filters)


def test_what_detect_wrote_is_a_source_as_well(tmp_path):
    files = Files(tmp_path)
    files.write(flows(20), verdicts(20))
    files.finish([alert(1).as_dict()])
    assert lines(tmp_path, "eve", "alerts")[0] == 1
    assert [event["flow_id"] for event in lines(tmp_path, "eve", "flows")[1]] == list(range(20))
    assert lines(tmp_path, "ndjson", "detections", family="syn_flood")[0] == 7


@pytest.mark.parametrize("name", formats())
def test_nothing_that_matches_is_an_empty_file_of_the_format(run, name):
    for what in WHATS:
        sink = io.BytesIO()
        with opened(run.path) as (feed, origin):
            assert export(feed, origin, format_of(name), what, Filters(since=START * 2, attacks=True), sink) == 0
        if name == "parquet":
            assert pq.read_table(io.BytesIO(sink.getvalue())).num_rows == 0


def test_a_folder_that_is_none_of_ours(tmp_path):
    with pytest.raises(InputError, match="neither a run folder nor one that"), opened(tmp_path):
        pass
    (tmp_path / "scorecard.json").write_text("{}")
    with pytest.raises(InputError, match="a run of another detector"), opened(tmp_path):
        pass
    (tmp_path / "alerts.json").write_text('[{"alert": 1}]')
    with pytest.raises(InputError, match="no list of alerts"), opened(tmp_path):
        pass
