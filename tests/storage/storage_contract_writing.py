"""The first half of the contract of storage engines: writing, and the errors of documents and of the
store."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from leindex.errors import CancelledError, ConfigError, DocumentError, StorageError, StoreBusyError, StoreFullError
from leindex.models import DocumentItem, Progress
from leindex.storage.storage_interface import PreparedBatch, SearchInterface
from tests.storage.storage_cases import (
    BAD_DOCUMENTS,
    GOOD_CONTENTS,
    KEYS,
    capability,
    documents,
    found,
)


class WritingContract:
    """Everything about `index_document` and `batch_write`, for one engine."""

    engine: type[SearchInterface]

    def open(self, folder: Path, *, readonly: bool = False) -> SearchInterface:
        """Opens the store that is kept in `folder`, and makes it if it is missing and may be written."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _declared(self, request: pytest.FixtureRequest) -> None:
        name = getattr(request.function, "capability", "")
        if name in self.engine.lacks:
            request.applymarker(pytest.mark.xfail(strict=True, reason=f"{name}: {self.engine.lacks[name]}"))

    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[SearchInterface]:
        with self.open(tmp_path / "index") as store:
            yield store

    # -- writing ---------------------------------------------------------------------------------------------

    def test_batch_write_reports_exactly_the_agreed_keys(self, store: SearchInterface) -> None:
        result = store.batch_write(documents(150))
        assert set(result) == KEYS
        assert result == {"success": True, "written": 150, "failed": 0, "errors": [], "batches_processed": 2}
        assert store.count() == 150
        assert [doc_id for _, doc_id in store.ids()] == [doc_id for doc_id, _ in documents(150)]
        for doc_id, document in documents(150):
            assert store.get_document(doc_id) == document

    def test_an_empty_batch_is_no_batch(self, store: SearchInterface) -> None:
        assert store.batch_write([]) == {
            "success": True,
            "written": 0,
            "failed": 0,
            "errors": [],
            "batches_processed": 0,
        }

    def test_the_batch_size_is_configurable(self, store: SearchInterface) -> None:
        assert store.batch_write(documents(10), batch_size=3)["batches_processed"] == 4
        assert store.batch_write(documents(10), batch_size="auto")["written"] == 10
        for wrong in (0, -1, True, 2.5, "many"):
            with pytest.raises(ConfigError):
                store.batch_write(documents(1), batch_size=wrong)  # type: ignore[arg-type]

    def test_index_document_stores_and_replaces(self, store: SearchInterface) -> None:
        assert store.index_document("a", {"content": "first words"}) is True
        assert store.index_document("a", {"content": "second words"}) is True
        assert store.count() == 1
        assert store.get_document("a") == {"content": "second words"}
        assert found(store, "first") == []
        assert found(store, "second") == ["a"]

    @pytest.mark.parametrize("case", BAD_DOCUMENTS)
    def test_a_bad_document_is_left_out_and_reported(self, store: SearchInterface, case: str) -> None:
        doc_id, document = BAD_DOCUMENTS[case]
        result = store.batch_write([*documents(2), (doc_id, document), *documents(2, 2)])
        assert set(result) == KEYS
        assert (result["success"], result["written"], result["failed"]) == (False, 4, 1)
        assert len(result["errors"]) == 1 and result["errors"][0].startswith(f"{doc_id}: ")
        assert len(result["errors"][0]) > len(f"{doc_id}: ") + 3
        assert [doc_id for _, doc_id in store.ids()] == [doc_id for doc_id, _ in documents(4)]
        assert found(store, "unique_3_x") == ["src/f3.py"]
        with pytest.raises(DocumentError):
            store.index_document(doc_id, document)

    def test_a_bad_document_leaves_the_old_one(self, store: SearchInterface) -> None:
        store.batch_write([("a", {"content": "kept"})])
        result = store.batch_write([("a", {"content": 1}), ("b", {"content": "new"})])
        assert (result["written"], result["failed"]) == (1, 1)
        assert store.get_document("a") == {"content": "kept"}

    def test_only_bad_documents(self, store: SearchInterface) -> None:
        result = store.batch_write([("a", {}), ("b", {"content": 1})])
        assert (result["success"], result["written"], result["failed"]) == (False, 0, 2)
        assert store.count() == 0

    @pytest.mark.parametrize("batch_size", [1, 2, 100])
    def test_the_last_of_two_with_one_id_wins(self, store: SearchInterface, batch_size: int) -> None:
        items: list[DocumentItem] = [
            ("a", {"content": "one"}),
            ("b", {"content": "two"}),
            ("a", {"content": "three"}),
        ]
        result = store.batch_write(items, batch_size=batch_size)
        assert (result["success"], result["written"]) == (True, 3)
        assert store.count() == 2
        assert store.get_document("a") == {"content": "three"}
        assert found(store, "one") == []
        assert [doc_id for _, doc_id in store.ids()] == ["b", "a"]

    @pytest.mark.parametrize("case", GOOD_CONTENTS)
    def test_contents_come_back_as_they_were(self, store: SearchInterface, case: str) -> None:
        content = GOOD_CONTENTS[case]
        store.batch_write([("first", {"content": "x"}), ("a", {"content": content})])
        document = store.get_document("a")
        assert document == {"content": content}
        assert type(document["content"]) is type(content)
        data = content.encode() if isinstance(content, str) else content
        assert store.contents([store.numbers(["a"])["a"]]) == [data]
        assert store.index_document("a", {"content": content}) is True
        assert store.get_document("a") == {"content": content}

    def test_other_fields_are_kept(self, store: SearchInterface) -> None:
        document = {
            "content": "x",
            "path": "naïve/漢.py",
            "language": "python",
            "last_modified": 1700000000.25,
            "size": 2**60,
            "checksum": "00ff",
            "file_id": None,
            "unknown": {"nested": [1, 2.5, True, None, "\0 ' \" \\"]},
            "key": "k",
            "value": "v",
        }
        store.batch_write([("a", document)])
        assert store.get_document("a") == document
        store.index_document("a", {"content": "y", "only": 1})
        assert store.get_document("a") == {"content": "y", "only": 1}

    @pytest.mark.parametrize(
        "doc_id", ["a b", "é/漢", "x\ny", "a\0b", "'\"%_\\*", "x" * 5000, "AND OR NOT", "\U0001f600"]
    )
    def test_ids_are_opaque(self, store: SearchInterface, doc_id: str) -> None:
        store.batch_write([(doc_id, {"content": "target"}), (doc_id + "2", {"content": "other"})])
        assert store.get_document(doc_id) == {"content": "target"}
        assert found(store, "target") == [doc_id]
        assert store.delete_documents([doc_id]) == 1
        assert [doc_id for _, doc_id in store.ids()] == [doc_id + "2"]

    def test_progress_is_reported_for_each_batch(self, store: SearchInterface) -> None:
        seen: list[Progress] = []
        items = documents(25)
        store.batch_write(items, batch_size=10, on_progress=seen.append)
        assert [(p.batches, p.documents, p.documents_total) for p in seen] == [
            (1, 10, 25),
            (2, 20, 25),
            (3, 25, 25),
        ]
        assert seen[-1].bytes == sum(len(d["content"]) for _, d in items)
        assert seen[0].seconds <= seen[-1].seconds

    def test_cancelling_between_batches_keeps_what_landed(self, store: SearchInterface) -> None:
        def stop(progress: Progress) -> None:
            raise CancelledError("stop")

        with pytest.raises(CancelledError):
            store.batch_write(documents(25), batch_size=10, on_progress=stop)
        assert store.count() == 10

    def test_a_batch_may_be_prepared_in_another_thread(self, store: SearchInterface) -> None:
        prepared: list[PreparedBatch] = []
        items = [*documents(30), ("bad", {})]
        thread = threading.Thread(target=lambda: prepared.append(store.prepare(items)))
        thread.start()
        thread.join()
        result = store.batch_write(prepared[0])
        assert (result["written"], result["failed"], result["batches_processed"]) == (30, 1, 1)
        assert found(store, "unique_7_x") == ["src/f7.py"]

    # -- errors of the store ---------------------------------------------------------------------------------

    def failing(
        self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch, failures: dict[int, StorageError]
    ) -> list[float]:
        """Makes the n-th attempts at writing a batch fail; returns the list that collects the waits."""
        attempts, write = iter(range(1000)), store._write_batch
        waits: list[float] = []

        def attempt(batch: PreparedBatch) -> list[tuple[str, str]]:
            error = failures.get(next(attempts))
            if error is not None:
                raise error
            return write(batch)

        monkeypatch.setattr(store, "_write_batch", attempt)
        monkeypatch.setattr(store, "sleep", waits.append)
        return waits

    def test_a_busy_store_is_tried_again(self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch) -> None:
        waits = self.failing(store, monkeypatch, {n: StoreBusyError("busy") for n in (1, 2, 3)})
        result = store.batch_write(documents(30), batch_size=10)
        assert result["success"] and result["written"] == 30
        assert waits == [1.0, 2.0, 4.0]
        assert store.count() == 30

    def test_a_store_that_stays_busy_raises(self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch) -> None:
        waits = self.failing(store, monkeypatch, {n: StoreBusyError("busy") for n in range(1, 9)})
        with pytest.raises(StoreBusyError) as caught:
            store.batch_write(documents(30), batch_size=10)
        assert waits == [1.0, 2.0, 4.0]
        assert caught.value.result == {
            "success": False,
            "written": 10,
            "failed": 0,
            "errors": [],
            "batches_processed": 1,
        }
        assert store.count() == 10

    def test_a_failing_store_raises_at_once(self, store: SearchInterface, monkeypatch: pytest.MonkeyPatch) -> None:
        waits = self.failing(store, monkeypatch, {2: StoreFullError("full")})
        with pytest.raises(StoreFullError) as caught:
            store.batch_write([*documents(25), ("bad", {})], batch_size=10)
        assert waits == []
        assert caught.value.result is not None and caught.value.result["written"] == 20
        assert store.count() == 20

    @capability("close")
    def test_a_closed_store_says_so(self, store: SearchInterface) -> None:
        store.batch_write(documents(1))
        store.close()
        store.close()
        for use in (
            store.count,
            lambda: store.index_document("a", {"content": "x"}),
            lambda: store.get_document("a"),
        ):
            with pytest.raises(StorageError):
                use()
