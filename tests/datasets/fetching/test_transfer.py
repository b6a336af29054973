"""A file comes whole and verified through cuts, busy servers and restarts, or not at all and with a reason."""

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


def bring(server, target, expected=EXPECTED):
    fetch(f"{server.address}/{target.name}", target, expected, threading.Event())


def assert_whole(target):
    assert target.read_bytes() == CONTENT
    assert [path.name for path in target.parent.iterdir()] == [target.name]


@pytest.mark.parametrize("given", [("sha256", "size"), ("sha256",), ("md5",), ("md5", "size")])
def test_file_comes_whole(tmp_path, given):
    with serving(CONTENT) as server:
        bring(server, tmp_path / "new" / "a.zip", {key: EXPECTED[key] for key in given})
        assert server.ranges == [None]
    assert_whole(tmp_path / "new" / "a.zip")


def test_cut_connections_go_on_where_they_were_cut(tmp_path):
    with serving(CONTENT, [{"cut": 100_000}, {"cut": 50_000}, {"cut": 1}]) as server:
        bring(server, tmp_path / "a.zip")
        assert server.ranges == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert_whole(tmp_path / "a.zip")


def test_more_cuts_than_attempts_are_survived_as_long_as_something_comes(tmp_path):
    with serving(CONTENT, [{"cut": 10_000}] * 20) as server:
        bring(server, tmp_path / "a.zip")
        assert len(server.ranges) == 21
    assert_whole(tmp_path / "a.zip")


def test_server_without_ranges_starts_again(tmp_path):
    with serving(CONTENT, [{"cut": 100_000}, {"no_ranges": True}]) as server:
        bring(server, tmp_path / "a.zip")
    assert_whole(tmp_path / "a.zip")


@pytest.mark.parametrize("expected", [EXPECTED, {"md5": MD5}])
def test_server_that_states_no_length(tmp_path, expected):
    with serving(CONTENT, [{"no_length": True, "cut": 1000}, {"no_length": True}]) as server:
        bring(server, tmp_path / "a.zip", expected)
    assert_whole(tmp_path / "a.zip")


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_busy_server_is_asked_again(tmp_path, status):
    with serving(CONTENT, [{"status": status}, {"cut": 5000}, {"status": status}]) as server:
        bring(server, tmp_path / "a.zip")
        assert server.ranges == [None, None, "bytes=5000-", "bytes=5000-"]
    assert_whole(tmp_path / "a.zip")


def test_retry_after_is_heeded(tmp_path, capsys):
    with serving(CONTENT, [{"status": 429, "headers": {"Retry-After": "1"}}]) as server:
        start = time.monotonic()
        bring(server, tmp_path / "a.zip")
        assert time.monotonic() - start >= 1
    assert "HTTP 429; trying again in 1 s" in capsys.readouterr().err


def test_waits_grow_and_end(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(threading.Event, "wait", lambda self, seconds=None: waits.append(seconds))
    monkeypatch.setattr(transfer, "FIRST_WAIT", 1.0)
    with pytest.raises(UserError, match=r"http://127.0.0.1:1/a.zip: cannot be fetched \(ConnectionError\)"):
        fetch("http://127.0.0.1:1/a.zip", tmp_path / "a.zip", EXPECTED, threading.Event())
    assert waits == [1, 2, 4, 8, 16]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_refusal_is_final(tmp_path, status):
    with serving(CONTENT, [{"status": status}]) as server:
        with pytest.raises(UserError, match=rf"/a.zip: cannot be fetched \(HTTP {status}\)"):
            bring(server, tmp_path / "a.zip")
        assert len(server.ranges) == 1
    assert list(tmp_path.iterdir()) == []


def test_what_came_is_kept_for_the_next_call(tmp_path):
    with serving(CONTENT, [{"cut": 100_000}, *[{"status": 503}] * 5]) as server:
        with pytest.raises(UserError, match="HTTP 503.*what has come is kept"):
            bring(server, tmp_path / "a.zip")
        assert not (tmp_path / "a.zip").exists()
        bring(server, tmp_path / "a.zip")
        assert server.ranges[-1] == "bytes=100000-"
    assert_whole(tmp_path / "a.zip")


def test_all_that_was_missing_is_the_name(tmp_path):
    """A call that was killed between the last byte and the renaming."""
    (tmp_path / ".a.zip.part").write_bytes(CONTENT)
    with serving(CONTENT) as server:
        bring(server, tmp_path / "a.zip")
    assert_whole(tmp_path / "a.zip")


@pytest.mark.parametrize("left", [b"x" * 1000, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 7)])
def test_remains_of_another_file_are_thrown_away(tmp_path, left):
    (tmp_path / ".a.zip.part").write_bytes(left)
    with serving(CONTENT) as server:
        bring(server, tmp_path / "a.zip")
    assert_whole(tmp_path / "a.zip")


@pytest.mark.parametrize(
    ("served", "expected", "words"),
    [
        (CONTENT[:-1] + b"?", EXPECTED, f"its SHA-256 is .* instead of {EXPECTED['sha256']}"),
        (CONTENT[:-1] + b"?", {"md5": EXPECTED["md5"]}, f"its MD5 is .* instead of {EXPECTED['md5']}"),
        (CONTENT[:-1], EXPECTED, "offers 299999 bytes instead of 300000"),
        (b"<html>come back later</html>", EXPECTED, "offers 28 bytes instead of 300000"),
    ],
)
def test_another_file_is_refused_and_nothing_is_left(tmp_path, served, expected, words):
    with serving(served) as server, pytest.raises(UserError, match=words):
        bring(server, tmp_path / "a.zip", expected)
    assert list(tmp_path.iterdir()) == []


def test_endless_stream_is_cut_short(tmp_path):
    # More answers than attempts: on a busy machine some bring a few bytes more than those before, and do not count.
    plan = [{"content": CONTENT * 20, "no_length": True, "no_ranges": True}] * 1000
    with serving(CONTENT, plan) as server, pytest.raises(UserError, match="more than it announced"):
        bring(server, tmp_path / "a.zip")
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= len(CONTENT)


def test_slow_drip_is_waited_for_and_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(transfer, "CHUNK", 100_000)
    monkeypatch.setattr(progress, "LOG_INTERVAL", 0.0)
    with serving(CONTENT, [{"drip": (20_000, 0.05)}]) as server:
        bring(server, tmp_path / "a.zip")
        assert server.ranges == [None]
    assert_whole(tmp_path / "a.zip")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(", ")[0] for line in lines] == [f"fetching a.zip: {k}/3 MiBs" for k in (1, 2, 3)]
    assert lines[-1].endswith("0 s left")


def test_silence_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT", (1, 0.2))
    with serving(CONTENT, [{"wait": 1.0}, {"drip": (100_000, 1.0)}]) as server:
        bring(server, tmp_path / "a.zip")
        assert re.match("bytes=[123]00000-", server.ranges[-1])
    assert_whole(tmp_path / "a.zip")


def test_too_little_space_is_told_before_anything_comes(tmp_path, monkeypatch):
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 299_999}))
    with serving(CONTENT) as server, pytest.raises(UserError, match="are to come and .* are free; make room"):
        bring(server, tmp_path / "a.zip")
    assert list(tmp_path.iterdir()) == []


def test_wrong_address_is_told_at_once(tmp_path):
    with pytest.raises(UserError, match="correct the address"):
        fetch("http://", tmp_path / "a.zip", EXPECTED, threading.Event())


def test_stopped_transfer_keeps_what_came(tmp_path):
    stop = threading.Event()
    threading.Timer(0.2, stop.set).start()
    with serving(CONTENT, [{"drip": (5_000, 0.05)}]) as server, pytest.raises(UserError, match="what has come is kept"):
        fetch(f"{server.address}/a.zip", tmp_path / "a.zip", EXPECTED, stop)
    assert 0 < (tmp_path / ".a.zip.part").stat().st_size < len(CONTENT)
