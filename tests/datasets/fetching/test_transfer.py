"""A file is complete and verified despite interruptions and busy servers; otherwise there is a clear error."""

import hashlib
import re
import threading
import time

import numpy as np
import pytest
from faulty_server import serving

from weakseg3d import progress
from weakseg3d.datasets.fetching import transfer
from weakseg3d.datasets.fetching.transfer import fetch
from weakseg3d.errors import UserError

CONTENT = np.random.default_rng(0).bytes(300_000)
SHA256, MD5 = hashlib.sha256(CONTENT).hexdigest(), hashlib.md5(CONTENT).hexdigest()
EXPECTED = {"sha256": SHA256, "md5": MD5, "size": len(CONTENT)}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(transfer, "FIRST_WAIT", 0.001)


def download(server, target, expected=EXPECTED):
    fetch(f"{server.address}/{target.name}", target, expected, threading.Event())


def assert_complete(target):
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("keys", [("sha256", "size"), ("sha256",), ("md5",), ("md5", "size")])
def test_a_file_is_downloaded_completely(tmp_path, keys):
    with serving(CONTENT) as server:
        download(server, tmp_path / "new" / "a.zip", {key: EXPECTED[key] for key in keys})
        assert server.ranges == [None]
    assert_complete(tmp_path / "new" / "a.zip")


def test_interrupted_downloads_are_resumed(tmp_path):
    with serving(CONTENT, [{"cut": 100_000}, {"cut": 50_000}, {"cut": 1}]) as server:
        download(server, tmp_path / "a.zip")
        assert server.ranges == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert_complete(tmp_path / "a.zip")


def test_any_number_of_interruptions_is_tolerated_while_data_arrives(tmp_path):
    with serving(CONTENT, [{"cut": 10_000}] * 20) as server:
        download(server, tmp_path / "a.zip")
        assert len(server.ranges) == 21
    assert_complete(tmp_path / "a.zip")


def test_without_ranges_the_download_restarts(tmp_path):
    with serving(CONTENT, [{"cut": 100_000}, {"no_ranges": True}]) as server:
        download(server, tmp_path / "a.zip")
    assert_complete(tmp_path / "a.zip")


@pytest.mark.parametrize("expected", [EXPECTED, {"md5": MD5}])
def test_a_server_that_states_no_length(tmp_path, expected):
    with serving(CONTENT, [{"no_length": True, "cut": 1000}, {"no_length": True}]) as server:
        download(server, tmp_path / "a.zip", expected)
    assert_complete(tmp_path / "a.zip")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again(tmp_path, status):
    with serving(CONTENT, [{"status": status}, {"cut": 5000}, {"status": status}]) as server:
        download(server, tmp_path / "a.zip")
        assert server.ranges == [None, None, "bytes=5000-", "bytes=5000-"]
    assert_complete(tmp_path / "a.zip")


def test_retry_after_is_respected(tmp_path, capsys):
    with serving(CONTENT, [{"status": 429, "headers": {"Retry-After": "1"}}]) as server:
        start = time.monotonic()
        download(server, tmp_path / "a.zip")
        assert time.monotonic() - start >= 1
    assert "HTTP 429; trying again in 1 s" in capsys.readouterr().err


def test_waits_increase_and_their_number_is_limited(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(threading.Event, "wait", lambda self, seconds=None: waits.append(seconds))
    monkeypatch.setattr(transfer, "FIRST_WAIT", 1.0)
    with pytest.raises(UserError, match=r"http://127.0.0.1:1/a.zip: cannot be downloaded \(ConnectionError\)"):
        fetch("http://127.0.0.1:1/a.zip", tmp_path / "a.zip", EXPECTED, threading.Event())
    assert waits == [1, 2, 4, 8, 16]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_refusal_is_final(tmp_path, status):
    with serving(CONTENT, [{"status": status}]) as server:
        with pytest.raises(UserError, match=rf"/a.zip: cannot be downloaded \(HTTP {status}\)"):
            download(server, tmp_path / "a.zip")
        assert len(server.ranges) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_partial_file_is_kept_for_the_next_call(tmp_path):
    with serving(CONTENT, [{"cut": 100_000}, *[{"status": 503}] * 5]) as server:
        with pytest.raises(UserError, match="HTTP 503.*the partial file is kept"):
            download(server, tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()
        download(server, tmp_path / "a.zip")
        assert server.ranges[-1] == "bytes=100000-"
    assert_complete(tmp_path / "a.zip")


def test_a_complete_partial_file_only_needs_renaming(tmp_path):
    """An earlier call was killed between the last byte and the renaming."""
    (tmp_path / ".a.zip.part").write_bytes(CONTENT)
    with serving(CONTENT) as server:
        download(server, tmp_path / "a.zip")
    assert_complete(tmp_path / "a.zip")


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 7)])
def test_a_partial_file_of_another_file_is_discarded(tmp_path, part):
    (tmp_path / ".a.zip.part").write_bytes(part)
    with serving(CONTENT) as server:
        download(server, tmp_path / "a.zip")
    assert_complete(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("served", "expected", "words"),
    [
        (CONTENT[:-1] + b"?", EXPECTED, f"its SHA-256 is .* instead of {EXPECTED['sha256']}"),
        (CONTENT[:-1] + b"?", {"md5": EXPECTED["md5"]}, f"its MD5 is .* instead of {EXPECTED['md5']}"),
        (CONTENT[:-1], EXPECTED, "has 299999 bytes instead of 300000"),
        (b"<html>come back later</html>", EXPECTED, "has 28 bytes instead of 300000"),
    ],
)
def test_another_file_is_rejected_and_no_file_is_left(tmp_path, served, expected, words):
    with serving(served) as server, pytest.raises(UserError, match=words):
        download(server, tmp_path / "a.zip", expected)
    assert list(tmp_path.iterdir()) == []


def test_an_endless_stream_is_cut_short(tmp_path):
    # More answers than attempts: on a busy machine, some bring a few more bytes than those before and do not count.
    plan = [{"content": CONTENT * 20, "no_length": True, "no_ranges": True}] * 1000
    with serving(CONTENT, plan) as server, pytest.raises(UserError, match="more than it announced"):
        download(server, tmp_path / "a.zip")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= len(CONTENT)


def test_a_slow_download_continues_and_shows_its_progress(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(transfer, "CHUNK", 100_000)
    monkeypatch.setattr(progress, "LOG_INTERVAL", 0.0)
    with serving(CONTENT, [{"drip": (20_000, 0.05)}]) as server:
        download(server, tmp_path / "a.zip")
        assert server.ranges == [None]
    assert_complete(tmp_path / "a.zip")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(", ")[0] for line in lines] == [f"fetching a.zip: {k}/3 MiBs" for k in (1, 2, 3)]
    assert lines[-1].endswith("0 s left")


def test_a_silent_connection_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT", (1, 0.2))
    with serving(CONTENT, [{"wait": 1.0}, {"drip": (100_000, 1.0)}]) as server:
        download(server, tmp_path / "a.zip")
        assert re.match("bytes=[123]00000-", server.ranges[-1])
    assert_complete(tmp_path / "a.zip")


def test_too_little_space_is_reported_before_the_download(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 299_999}))
    with serving(CONTENT) as server, pytest.raises(UserError, match="are needed but .* are free; free some space"):
        download(server, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_address_is_reported_at_once(tmp_path):
    with pytest.raises(UserError, match="correct the address"):
        fetch("http://", tmp_path / "a.zip", EXPECTED, threading.Event())


def test_a_stopped_download_keeps_its_partial_file(tmp_path):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with (
        serving(CONTENT, [{"drip": (5_000, 0.05)}]) as server,
        pytest.raises(UserError, match="the partial file is kept"),
    ):
        fetch(f"{server.address}/a.zip", tmp_path / "a.zip", EXPECTED, stop)
    assert 0 < (tmp_path / ".a.zip.part").stat().st_size < len(CONTENT)
