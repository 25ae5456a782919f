"""Reading files: every odd thing, races, binary detection against ripgrep, ids, kinds of files."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest

from leindex import _native
from leindex.errors import ConfigError, LeindexError
from leindex.indexing.read import Content, Outcome, Reader, Skip, blob_id, is_binary
from leindex.indexing.walk.discover import DiscoverOptions, discover
from leindex.text import searchable
from tests.indexing import odd_tree

LIMIT = 4 << 20


def read(root: Path, *paths: bytes) -> list[Outcome]:
    with Reader(str(root), LIMIT) as reader:
        return reader.read(paths)


def test_odd_tree_outcomes(odd: Path) -> None:
    paths = list(odd_tree.FILES)
    outcomes = dict(zip(paths, read(odd, *paths), strict=True))
    for path, outcome in outcomes.items():
        if isinstance(outcome, Content):
            stat = os.stat(os.path.join(os.fsencode(odd), path))
            assert outcome == (odd_tree.FILES[path], stat.st_size, stat.st_mtime_ns, stat.st_ino, stat.st_ctime_ns)
    skipped = {path: outcome for path, outcome in outcomes.items() if isinstance(outcome, Skip)}
    expected = {path: Skip.BINARY for path in paths if path.endswith(b".bin")}
    expected[b"size/one more"] = Skip.TOO_LARGE
    if os.geteuid() != 0:
        denied = (
            b"unreadable file",
            b"unreadable folder/file",
            b"unsearchable folder/file",
            b"unsearchable folder/below/file",
        )
        expected |= dict.fromkeys(denied, Skip.UNREADABLE)
        del expected[b"unreadable folder/file"]
    assert skipped == expected


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed")
def test_odd_tree_contents_as_rg_searches_them(odd: Path) -> None:
    run = subprocess.run(["rg", "-l0", "--hidden", "--no-ignore", "needle"], cwd=odd, capture_output=True, check=False)
    with Reader(str(odd), 1 << 30) as reader:
        paths = [found.path for found in discover(str(odd), DiscoverOptions(hidden=True, no_ignore=True))]
        outcomes = zip(paths, reader.read(paths), strict=True)
        ours = {
            path for path, outcome in outcomes if isinstance(outcome, Content) and b"needle" in searchable(outcome.data)
        }
    assert ours == set(run.stdout.split(b"\0")[:-1])


def test_what_is_no_file_is_not_opened(odd: Path) -> None:
    names = [
        b"fifo",
        b"socket",
        b"order",
        b"link to file",
        b"link to folder/foo.c",
        b"link to itself",
        b"link dangling",
    ]
    outcomes = read(odd, *names, b"nowhere", b"plain.txt/below")
    assert outcomes == [Skip.VANISHED] * len(outcomes)


def test_nothing_outside_the_root(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "up").symlink_to(tmp_path)
    outcomes = read(tmp_path / "root", b"up/secret", b"../secret", os.fsencode(tmp_path / "secret"))
    assert not any(isinstance(outcome, Content) for outcome in outcomes)


def test_a_file_that_vanishes_between_listing_and_reading(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name)
    paths = [found.path for found in discover(str(tmp_path))]
    (tmp_path / "b").unlink()
    first, second, third = read(tmp_path, *paths)
    assert isinstance(first, Content) and second is Skip.VANISHED and isinstance(third, Content)


def test_a_file_that_changes_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "busy"
    path.write_bytes(b"a" * (3 << 20))
    stop = threading.Event()

    def write() -> None:
        with path.open("r+b", buffering=0) as file:
            for number in range(1 << 30):
                if stop.is_set():
                    return
                file.seek(0)
                file.write(b"%c" % (65 + number % 26) * 1000)

    writer = threading.Thread(target=write)
    writer.start()
    root_fd = os.open(tmp_path, os.O_RDONLY)
    deadline = time.monotonic() + 20
    try:
        while _native.read_files(root_fd, (b"busy",), LIMIT) != [_native.CHANGED]:
            assert time.monotonic() < deadline
    finally:
        stop.set()
        writer.join()
        os.close(root_fd)
    assert isinstance(read(tmp_path, b"busy")[0], Content)


def test_a_change_is_retried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_text("a")
    real = _native.read_files
    calls = []

    def flaky(root_fd: int, paths: tuple[bytes, ...], limit: int) -> list[tuple[bytes, int, int, int] | int]:
        calls.append(paths)
        return [_native.CHANGED] * len(paths) if len(calls) < 2 else real(root_fd, paths, limit)

    monkeypatch.setattr(_native, "read_files", flaky)
    assert isinstance(read(tmp_path, b"a")[0], Content)
    assert len(calls) == 2
    calls.clear()
    monkeypatch.setattr(_native, "read_files", lambda fd, paths, limit: [_native.CHANGED] * len(paths))
    assert read(tmp_path, b"a") == [Skip.CHANGED]


def test_many_files_in_order(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / str(number)).write_text(str(number) * number)
    paths = [str(number).encode() for number in range(300)]
    assert [outcome.data for outcome in read(tmp_path, *paths) if isinstance(outcome, Content)] == [
        path * int(path) for path in paths
    ]
    assert read(tmp_path) == []


def test_running_out_of_descriptors_is_not_the_files_fault(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with Reader(str(tmp_path), LIMIT) as reader:
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
        try:
            with pytest.raises(LeindexError):
                reader.read([b"a"])
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Reader(str(tmp_path / "nowhere"), LIMIT)
    fd = os.open(tmp_path, os.O_RDONLY)
    try:
        for arguments in ((fd, ("text",), 1), (fd, [b"a"], 1), (fd, (b"a\0b",), 1), (fd, (b"a",), -1)):
            with pytest.raises((TypeError, ValueError)):
                _native.read_files(*arguments)  # type: ignore[arg-type]
        for folder in ("a", b"a\0b"):
            with pytest.raises((TypeError, ValueError)):
                _native.scan_folder(fd, folder)  # type: ignore[arg-type]
        with pytest.raises(FileNotFoundError):
            _native.scan_folder(fd, b"nowhere")
    finally:
        os.close(fd)


def test_binary() -> None:
    assert not is_binary(b"")
    assert is_binary(b"\0")
    assert is_binary(b"aaaa\n" * 10 + b"\0")
    assert not is_binary(b"a\n" * 10 + b"\0")
    assert not is_binary(b"a\n" * 32768 + b"\0")
    assert is_binary(b"a" * 65536 + b"\0")
    assert is_binary(b"a" * 65536 + b"\n\0")
    assert not is_binary(b"a" * 65536 + b"\n".ljust(131072, b"b") + b"\0")
    assert not is_binary(b"a" * 140_000 + b"\n".ljust(60_000, b"b") + b"\0")
    assert not is_binary(b"\xff\xfe" + "text".encode("utf-16-le"))
    assert is_binary(b"\xff\xfe" + "te\0xt".encode("utf-16-le"))
    assert not is_binary(b"\xff\xfe" + ("text" * 2000 + "\0").encode("utf-16-le"))


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_blob_ids_are_gits(tmp_path: Path) -> None:
    contents = [b"", b"a\n", b"\r\n\0\xff" * 1000]
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
    run = subprocess.run(
        ["git", "hash-object", "--no-filters", "0", "1", "2"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split() == [blob_id(content) for content in contents]
