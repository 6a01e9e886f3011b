from __future__ import annotations

import gzip
import hashlib
import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from prometheus_client import REGISTRY

from digests.domain.identity import identify_digest
from digests.enums import DigestStatus
from digests.errors import DatasetError
from digests.export.exporting import export_digests, export_review_reports
from digests.export.manifest import list_differences, read_manifest
from digests.export.schema import SCHEMAS_DIR, check_record, hash_schema, read_schema
from digests.export.selection import Selection
from tests.factories.digests import DAY, ChannelFactory, DigestFactory, ReviewReportFactory

pytestmark = pytest.mark.django_db

CHANNELS = ("-1002000000001", "-1002000000002")
DAYS = [(DAY + timedelta(days=number)).isoformat() for number in range(30)]
# A record that changes is a new version with a schema of its own, never another meaning of an old name.
SNAPSHOT = {
    "digest.v1": "8acfe802e009b9e8ab02455a730e6cc4d6e9562b62d4c3d5faedc9695ca358f0",
    "digest_timing.v1": "9d239c3a73049e69f687882195738fcc1ac90c227d2c42d72ffe782f8cabb464",
    "review_report.v1": "fbdb8a2d0a016a1d68d506e7db8779a980b31f72cd8d8967f2c6aa4399c65201",
    "review_report_timing.v1": "6722f7879aa49dab4178bc110d8888658517fe2db1d49309a9184c9b81bb9ffb",
}


@pytest.fixture
def dataset() -> None:
    for channel_id in reversed(CHANNELS):
        ChannelFactory.create(channel_id=channel_id)
        for day in reversed(DAYS):
            DigestFactory.create(channel_id=channel_id, day=day)
            ReviewReportFactory.create(channel_id=channel_id, day=day)
    DigestFactory.create(channel_id=CHANNELS[0], day="2026-01-01", status=DigestStatus.EMPTY)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def read_bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.usefixtures("dataset")
def test_written_digests_are_exported_by_channel_and_day(tmp_path: Path) -> None:
    manifest = export_digests(tmp_path / "out", Selection())

    records = read(tmp_path / "out" / "digests.jsonl")
    assert [(record["channel"]["channel_id"], record["day"]) for record in records] == [
        (channel_id, day) for channel_id in CHANNELS for day in DAYS
    ]
    assert records[0]["statements"] == [{"text": "Открыт мост.", "post_ids": [1]}]
    assert records[0]["raw_posts"][0]["text"] == "В Заречье открыли мост."
    assert [timing["latency_s"] for timing in read(tmp_path / "out" / "digests.timings.jsonl")] == [0.5] * 60
    assert manifest.records == 60
    for file in manifest.files:
        content = (tmp_path / "out" / file.name).read_bytes()
        assert (file.bytes, file.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert list(list_differences(tmp_path / "out")) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.usefixtures("dataset")
def test_the_same_selection_makes_the_same_bytes(tmp_path: Path) -> None:
    drawn = Selection(sample=50, seed=7)

    for name in ("first", "second"):
        export_review_reports(tmp_path / name, drawn, is_compressed=True)
    export_review_reports(tmp_path / "other", Selection(sample=50, seed=8), is_compressed=True)

    first, second, other = (read_bytes(tmp_path / name) for name in ("first", "second", "other"))
    assert first == second
    assert first["review_reports.jsonl.gz"] != other["review_reports.jsonl.gz"]
    assert len(gzip.decompress(first["review_reports.jsonl.gz"]).splitlines()) == 50
    assert list(list_differences(tmp_path / "first")) == []


@pytest.mark.usefixtures("dataset")
def test_channels_and_days_are_selected(tmp_path: Path) -> None:
    chosen = Selection(channels=CHANNELS[:1], first_day=DAYS[3], last_day=DAYS[5])

    export_digests(tmp_path / "out", chosen, fewest=3)

    assert [record["day"] for record in read(tmp_path / "out" / "digests.jsonl")] == DAYS[3:6]
    assert read_manifest(tmp_path / "out").selection["channels"] == [CHANNELS[0]]


@pytest.mark.usefixtures("dataset")
def test_too_few_are_an_error_that_leaves_an_earlier_export_as_it_was(tmp_path: Path) -> None:
    export_digests(tmp_path / "out", Selection())
    before = read_bytes(tmp_path / "out")

    with pytest.raises(DatasetError, match="3 digests; at least 50 are wanted"):
        export_digests(tmp_path / "out", Selection(sample=3))

    assert read_bytes(tmp_path / "out") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")

    with pytest.raises(DatasetError, match="in use"):
        export_digests(tmp_path, Selection(), fewest=0)


@pytest.mark.usefixtures("dataset")
@pytest.mark.parametrize(
    ("spoil", "difference"),
    [
        (lambda path: path.unlink(), "digests.jsonl: missing"),
        (lambda path: path.write_text(path.read_text().replace("мост", "порт", 1)), "its SHA-256 is another"),
        (lambda path: path.with_name("more.jsonl").write_text("{}"), "more.jsonl: not in the manifest"),
    ],
    ids=["missing", "changed", "added"],
)
def test_what_differs_from_the_manifest_is_told(tmp_path: Path, spoil: Any, difference: str) -> None:
    export_digests(tmp_path / "out", Selection())

    spoil(tmp_path / "out" / "digests.jsonl")

    assert any(difference in told for told in list_differences(tmp_path / "out"))


@pytest.mark.usefixtures("dataset")
def test_a_record_that_is_not_what_its_schema_says_is_refused(tmp_path: Path) -> None:
    DigestFactory.create(channel_id=CHANNELS[0], day="2026-01-02", feature_flags='{"folds_repeats": "yes"}')

    with pytest.raises(
        DatasetError, match=f"digest.v1 {identify_digest(CHANNELS[0], date(2026, 1, 2))}: feature_flags"
    ):
        export_digests(tmp_path / "out", Selection())

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", SNAPSHOT)
def test_a_schema_is_closed_and_as_it_was_published(name: str) -> None:
    schema = read_schema(name)

    assert hash_schema(name) == SNAPSHOT[name]
    assert list(_list_open_objects(schema)) == []
    with pytest.raises(DatasetError):
        check_record({"schema": name}, schema=name)


def test_every_schema_is_in_the_snapshot() -> None:
    assert {path.name for path in SCHEMAS_DIR.iterdir()} == {f"{name}.schema.json" for name in SNAPSHOT}


def _list_open_objects(schema: Any) -> Any:
    """Yield objects that allow, or leave out, what they do not name."""
    if isinstance(schema, list):
        for part in schema:
            yield from _list_open_objects(part)
    if isinstance(schema, dict):
        properties = schema.get("properties")
        if properties is not None and (
            schema.get("additionalProperties") is not False or set(schema["required"]) != set(properties)
        ):
            yield schema
        for part in schema.values():
            yield from _list_open_objects(part)


@pytest.mark.usefixtures("dataset")
def test_the_commands_export_and_verify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("export_digests", out=tmp_path / "digests")
    call_command("export_review_reports", "--out", str(tmp_path / "reports"), "--sample", "50")
    call_command("export_digests", "--verify", str(tmp_path / "digests"))

    told = capsys.readouterr().out
    assert "digests.jsonl: 60 records" in told
    assert "review_reports.jsonl: 50 records" in told
    assert "as its manifest says" in told
    assert REGISTRY.get_sample_value("benchmark_export_duration_seconds_count", {"kind": "digests"})

    (tmp_path / "reports" / "review_reports.jsonl").write_text("")
    with pytest.raises(CommandError, match=r"reports is not as its manifest says$") as failure:
        call_command("export_review_reports", "--verify", str(tmp_path / "reports"))
    assert failure.value.returncode == 1
    assert capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("export_digests", "--out", "OUT"), "0 digests; at least 50"),
        (("export_digests", "--verify", "OUT"), "there is no manifest"),
    ],
    ids=["too few", "no manifest"],
)
def test_a_failure_is_told_and_exits_with_1(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    with pytest.raises(CommandError, match=told) as failure:
        call_command(*(argument.replace("OUT", str(tmp_path / "out")) for argument in arguments))

    assert failure.value.returncode == 1
