"""One Tantivy index: its schema, opened safely, written by one writer, read through snapshots, errors mapped.

Tantivy allows one writer, in whichever process. It is taken at the first write and kept until `close`;
readers are never blocked. Its folder also holds `leindex.json` with the version of our format, which is
written first, so that a folder with an index but without that file is not ours.

A writer works in threads of its own. When one of them fails or panics, Tantivy says no more than that the
writer was killed; the reason is what the commit would have raised. Nothing of that transaction is written, so
it is done once more by a writer made anew, and only a second failure is reported, with its reason.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import tantivy

from ...errors import (
    StorageError,
    StoreBusyError,
    StoreCorruptError,
    StoreFullError,
    StoreReadOnlyError,
    StoreVersionError,
)
from ..folder.opened_file import Mode, OpenedFile
from ..folder.private_folder import exists, make_file, make_folder, not_created, sync_folder
from .checksums import META_FILE, Checksums, damaged

FORMAT_FILE: Final = "leindex.json"
FORMAT_VERSION: Final = 2
HEAP_BYTES: Final = 128 << 20

DOCUMENT, NAMES, WORDS, STATE = "d", "n", "w", "s"
"""The kinds of entries."""

Result = TypeVar("Result")


def schema() -> tantivy.Schema:
    """The fields of all kinds of entries; which has which is told in `tantivy_storage`."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("kind", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("number", indexed=True, fast=True)
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("first", indexed=True, fast=True)
    builder.add_bytes_field("names", stored=True)
    builder.add_text_field("grams", tokenizer_name="whitespace", index_option="basic")
    builder.add_bytes_field("stored", stored=True)
    builder.add_bytes_field("content", stored=True)
    builder.add_unsigned_field("words_of", indexed=True, fast=True)
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="basic")
    builder.add_unsigned_field("length", fast=True)
    builder.add_unsigned_field("next", fast=True)
    return builder.build()


class TantivyIndex(OpenedFile):
    """A Tantivy index of ours, in a folder of its own.

    `mode` is "read" (never changes anything), "write" (must exist) or "create". Raises StorageError
    subclasses that name the folder. `next_number` is committed with each transaction.
    """

    def __init__(self, path: Path, mode: Mode) -> None:
        super().__init__(path, mode)
        self.schema = schema()
        self.next_number = 1
        self._local = threading.local()
        self._lock = threading.Lock()
        self._writer: Any = None
        self._committed = 0
        self._seen: tuple[int, int] | None = None
        self._checksums = Checksums(path)
        with self.mapped():
            self._index: Any = self._open(create=mode == "create")
            self._index.config_reader("manual", 0)
            words = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
            self._index.register_tokenizer("whitespace", words)

    def _open(self, *, create: bool) -> Any:
        file, meta = self.path / FORMAT_FILE, self.path / META_FILE
        if not exists(file):
            if exists(meta):
                raise StoreCorruptError(f"{self.path}: is not a leindex index; it is left as it is")
            if not create:
                raise StorageError(f"{self.path}: there is no index")
            self._stamp(file, None)
        known = self._checksums.settings = self._stamped(file)
        if exists(meta):
            self._checksums.compare()  # opening reads already
        if create:
            index = tantivy.Index(self.schema, path=str(self.path), reuse=True)
            if known is None:
                self._stamp(file, self._checksums.of_settings())
            return index
        if not exists(meta):
            raise StorageError(f"{self.path}: there is no index")
        return tantivy.Index.open(str(self.path))

    def _stamp(self, file: Path, settings: int | None) -> None:
        """Writes our own file: the version of our format, and the checksum of Tantivy's settings once it has some."""
        make_folder(self.path)
        new = file.with_name(f"{file.name}.{os.getpid()}")
        make_file(new)
        try:
            with new.open("w") as stream:
                json.dump({"format": FORMAT_VERSION, "settings": settings}, stream)
                stream.flush()
                os.fsync(stream.fileno())
            new.replace(file)
            sync_folder(self.path)
        except OSError as error:
            raise not_created(file, error) from error

    def _stamped(self, file: Path) -> int | None:
        """Checks the version in our own file; the checksum in it."""
        try:
            stamp = json.loads(file.read_text())
            version, settings = stamp["format"], stamp.get("settings")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreCorruptError(f"{file}: cannot be read; remove the index and index again") from error
        self._check_version(version, FORMAT_VERSION)
        return settings if isinstance(settings, int) else None

    @contextmanager
    def mapped(self) -> Iterator[None]:
        """Maps Tantivy's errors, which differ only in their texts, to ours."""
        try:
            yield
        except (ValueError, OSError) as error:
            raise self._ours(error) from error
        except BaseException as error:
            if type(error).__name__ != "PanicException":  # of Rust; it derives from BaseException and has no address
                raise
            raise damaged(self.path, f"Tantivy says: {error}") from error

    def _ours(self, error: Exception) -> StorageError:
        text = str(error)
        if "LockBusy" in text:
            return StoreBusyError(
                f"{self.path}: another process is writing this index; Tantivy allows one writer until it "
                "closes the index: wait for that process or end it, then try again"
            )
        if "No space left" in text or "StorageFull" in text:
            return StoreFullError(f"{self.path}: no space is left; free some and run the command again")
        if "Permission denied" in text or "PermissionDenied" in text or "Read-only file" in text:
            return StoreReadOnlyError(f"{self.path}: cannot be written: {text}")
        if "schema does not match" in text or "ncompatible" in text:
            return StoreVersionError(
                f"{self.path}: was written by another version ({text}); remove the index and index again"
            )
        if "orrupt" in text or "deserializ" in text:
            return damaged(self.path, text)
        return StorageError(f"{self.path}: {text}")

    def write(self, action: Callable[[Any], Result]) -> Result:
        """What `action` returns, which is given the writer; all it writes is committed at once, or nothing of it.

        `next_number` is as it was before when that fails. An action is done again where a thread of the writer
        failed, so it must be able to start over.
        """
        self._check_writable()
        with self.mapped():
            self._taken_writer()
            committed = self._committed
            try:
                return self._write_once(action)
            except ValueError as error:
                # Not what has a name of its own and would fail again, nor a commit that did land.
                self._taken_writer()
                if type(self._ours(error)) is not StorageError or self._committed != committed:
                    raise
            return self._write_once(action)

    def _write_once(self, action: Callable[[Any], Result]) -> Result:
        writer, before = self._taken_writer(), self.next_number
        try:
            result = action(writer)
            self._committed = writer.commit()
        except BaseException as error:
            self.next_number = before
            reason = _reason(writer, error)
            try:
                self._committed = writer.rollback()
            except (ValueError, OSError):
                self._writer = None  # it died with what failed; the next write takes a new one
            if reason is not None:
                raise reason from error
            raise
        return result

    def _taken_writer(self) -> Any:
        if self._writer is None:
            writer = self._index.writer(heap_size=HEAP_BYTES, num_threads=1)
            # A process that died in a commit may have left files under the very names that this writer will
            # choose, and Tantivy does not overwrite.
            writer.garbage_collect_files()
            self.next_number = self._stored_next()  # only now nobody else can raise it
            self._writer, self._committed = writer, writer.commit_opstamp
        return self._writer

    def _stored_next(self) -> int:
        query = tantivy.Query.exists_query("next")
        hits = self.latest().search(query, limit=1, count=False, order_by_field="next").hits
        return int(hits[0][0]) if hits else 1

    def latest(self) -> Any:
        """A searcher over the last commit, whoever made it."""
        self._check_usable()
        with self.mapped():
            status = (self.path / META_FILE).stat()
            seen = (status.st_ino, status.st_mtime_ns)
            with self._lock:
                if seen != self._seen:
                    self._checksums.compare()
                    self._index.reload()
                    self._seen = seen
            return self._index.searcher()

    def searcher(self) -> Any:
        """What this thread reads: its snapshot, or the last commit."""
        self._check_usable()
        return getattr(self._local, "pinned", None) or self.latest()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """This thread's reads see one commit until the end."""
        if getattr(self._local, "pinned", None) is not None:
            yield
            return
        self._local.pinned = self.latest()
        try:
            yield
        finally:
            self._local.pinned = None

    def close(self) -> None:
        """Waits for merges under way and lets the writer go; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        writer, self._writer = self._writer, None
        if writer is not None and os.getpid() == self._pid:
            with self.mapped():
                writer.wait_merging_threads()
        self._index = None


def _reason(writer: Any, error: BaseException) -> ValueError | None:
    """What ended a thread of the writer, if `error` tells only that something did."""
    if "writer was killed" not in str(error):
        return None
    try:
        writer.commit()  # collects the threads first and raises what it finds
    except ValueError as reason:
        return reason
    return None
