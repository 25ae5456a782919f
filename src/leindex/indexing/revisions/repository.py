"""git's object store as it is asked here: refs, trees, differences of trees, and blobs by their ids.

git itself answers, in plumbing commands whose output is meant for programs. Nothing here writes to the repository,
fetches, or runs what the repository's configuration names: no hooks, filters, textconv or lazy fetches. `git cat-file
--batch` reads packs and loose objects alike and checks each.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from ...errors import ConfigError
from ...records import record

Kind = Literal["branch", "tag", "rev"]

LINK: Final = 0o120000
SUBMODULE: Final = 0o160000
ABSENT: Final = "0" * 40
ASKED_AT_ONCE: Final = 512
"""Blobs that are asked for before the first answer is read; git buffers no more than a pipe holds."""

_FORMAT: Final = "%00".join(
    f"%({field})"
    for field in (
        *("refname", "objectname", "*objectname", "*objecttype", "objecttype"),
        *("committerdate:unix", "*committerdate:unix"),
    )
)
_OURS: Final = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",
    # A partial clone would fetch what it lacks: no protocol is allowed, and newer versions need not even try.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
}
_RUNS_NOTHING: Final = ("-c", "core.fsmonitor=false", "-c", "log.showSignature=false")
"""What else would have git run a program that the repository names."""

_NO_SETTINGS: Final[Mapping[str, str]] = {}
_NOT_OURS: Final = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_COMMON_DIR",
    "GIT_PREFIX",
)


class Ref(NamedTuple):
    """A branch or a tag, the commit that it points at, and when that was made (Unix time)."""

    kind: Kind
    name: str
    commit: str
    committed: float
    remote: bool = False


class TreeEntry(NamedTuple):
    """An entry of a commit: its path from the top, its mode as git has it, and the id of its blob or commit."""

    path: bytes
    mode: int
    blob: str


class Blob(NamedTuple):
    """The answer for a blob: its bytes, or None where it cannot be read, for that reason."""

    blob: str
    data: bytes | None
    reason: str = ""


@record(frozen=True, slots=True)
class Repository:
    """The repository that a folder lies in; made by `repository_of`.

    `folder` is where git is run, `top` the work tree's top or, of a bare one, the repository itself, and `prefix` the
    path from there to the folder, with a `/` at its end, or empty. `common_dir` is what linked work trees share.
    """

    folder: Path
    top: Path
    git_dir: Path
    common_dir: Path
    prefix: bytes
    bare: bool
    shallow: bool

    def run(self, *arguments: str | bytes, given: bytes | None = None) -> bytes:
        """What a git command prints. Raises ConfigError, with git's words, where it fails."""
        return self._printed(self._done(*arguments, given=given))

    def run_on_files(self, *arguments: str) -> bytes:
        """The same of a command that reads files of the work tree, whose filters are not run."""
        asked = ("config", "--null", "--name-only", "--get-regexp", r"^filter\..*\.(clean|process|required)$")
        names = os.fsdecode(self._done(*asked).stdout).split("\0")
        # Not with -c, which would end the name of a setting at a "=" in it.
        given = os.environ.get("GIT_CONFIG_COUNT", "")
        first = int(given) if given.isdigit() else 0
        overridden = {"GIT_CONFIG_COUNT": str(first + len(names) - 1)}
        for number, name in enumerate(names[:-1], first):
            value = "false" if name.endswith(".required") else ""
            overridden |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
        return self._printed(self._done(*arguments, settings=overridden))

    def _printed(self, done: subprocess.CompletedProcess[bytes]) -> bytes:
        if done.returncode:
            raise ConfigError(f"{self.top}: {_said(done.stderr)}")
        return done.stdout

    def _done(
        self, *arguments: str | bytes, given: bytes | None = None, settings: Mapping[str, str] = _NO_SETTINGS
    ) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            ["git", "-C", os.fspath(self.folder), *_RUNS_NOTHING, *arguments],
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            env={**environment(), **settings},
            check=False,
        )

    def started(self, *arguments: str | bytes, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """A git command whose output is read while it runs; the caller ends it."""
        return subprocess.Popen(
            ["git", "-C", os.fspath(self.folder), *_RUNS_NOTHING, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
        )

    def resolve(self, revision: str) -> str:
        """The id of the commit that a revision means. Raises ConfigError where there is none."""
        if not revision or "\0" in revision or "\n" in revision:
            raise ConfigError(f"{revision!r} is no revision")
        try:
            spec = f"{revision}^{{commit}}"
            return self.run("rev-parse", "--verify", "--quiet", "--end-of-options", spec).split()[-1].decode("ascii")
        except (ConfigError, IndexError):
            why = "; the clone is shallow and may lack it" if self.shallow else ""
            raise ConfigError(f"{revision}: is no commit of {self.top}{why}") from None

    def committed(self, commit: str) -> float:
        """When a commit was made (Unix time)."""
        return float(self.run("log", "-1", "--format=%ct", commit).strip() or 0)

    def refs(self) -> list[Ref]:
        """All branches, those of remotes by the remote's name, and all tags of commits."""
        found: list[Ref] = []
        listed = self.run("for-each-ref", f"--format={_FORMAT}", "refs/heads", "refs/remotes", "refs/tags")
        for line in listed.decode("utf-8", "surrogateescape").splitlines():
            name, own, pointed, pointed_kind, kind, made, pointed_made = line.split("\0")
            commit, when = (pointed, pointed_made) if pointed else (own, made)
            if (pointed_kind or kind) != "commit" or name.endswith("/HEAD"):
                continue
            _, group, short = name.split("/", 2)
            found.append(
                Ref("tag" if group == "tags" else "branch", short, commit, float(when or 0), group == "remotes")
            )
        return found

    def head(self) -> str:
        """The name of the branch that is checked out; "" where it is a commit."""
        try:
            return self.run("symbolic-ref", "--quiet", "--short", "HEAD").decode("utf-8", "surrogateescape").strip()
        except ConfigError:
            return ""

    def tree(self, commit: str) -> list[TreeEntry]:
        """All entries of a commit but folders, from the top. Raises ConfigError where a part of it is missing."""
        listed = self.run("ls-tree", "-r", "-z", "--full-tree", commit)
        found: list[TreeEntry] = []
        for line in listed.split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _, blob = about.split(b" ")
                found.append(TreeEntry(path, int(mode, 8), blob.decode("ascii")))
        return found

    def changes(self, old: str, new: str) -> list[tuple[TreeEntry, TreeEntry]]:
        """What differs between two commits: what each path had and has; an id of zeros where it had or has nothing."""
        fields = self.run("diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", old, new).split(b"\0")
        found: list[tuple[TreeEntry, TreeEntry]] = []
        for about, path in zip(fields[0::2], fields[1::2], strict=False):
            old_mode, new_mode, old_blob, new_blob, _ = about.removeprefix(b":").split(b" ")
            found.append(
                (
                    TreeEntry(path, int(old_mode, 8), old_blob.decode("ascii")),
                    TreeEntry(path, int(new_mode, 8), new_blob.decode("ascii")),
                )
            )
        return found

    def entries_at(self, commit: str, paths: Sequence[bytes]) -> list[TreeEntry]:
        """The files at those of some paths where a commit has one. No path may hold a line end."""
        if not paths:
            return []
        asked = b"".join(commit.encode() + b":" + path + b"\n" for path in paths)
        answers = self.run("cat-file", "--batch-check", "--buffer", given=asked).splitlines()
        found: list[TreeEntry] = []
        for path, answer in zip(paths, answers, strict=True):
            parts = answer.split(b" ")
            if len(parts) == 3 and parts[1] == b"blob":
                found.append(TreeEntry(path, 0o100644, parts[0].decode("ascii")))
        return found

    def sizes(self, blobs: Sequence[str]) -> dict[str, int]:
        """The bytes of those of these blobs that git has a word on."""
        # git ends where one is damaged or missing in a partial clone: what it said until then is good.
        answer = self._done("cat-file", "--batch-check", "--buffer", given="\n".join(blobs).encode() + b"\n").stdout
        sizes: dict[str, int] = {}
        for line in answer.splitlines():
            parts = line.split()
            if len(parts) == 3 and parts[1] == b"blob":
                sizes[parts[0].decode("ascii")] = int(parts[2])
        return sizes


def environment() -> dict[str, str]:
    """The environment that git is run in."""
    kept = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    return {**kept, **_OURS}


def _said(stderr: bytes) -> str:
    lines = stderr.decode("utf-8", "replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "git failed"


def repository_of(folder: Path) -> Repository:
    """The repository that a folder lies in.

    Raises ConfigError where it lies in none, where git is not there, and for a repository whose ids are SHA-256.
    """
    asked = (
        *("--is-bare-repository", "--is-shallow-repository", "--show-object-format"),
        *("--absolute-git-dir", "--git-common-dir"),
    )
    command = ["git", "-C", os.fspath(folder), "rev-parse"]
    try:
        found = subprocess.run([*command, *asked], capture_output=True, env=environment(), check=False)
        if found.returncode:
            raise ConfigError(f"{folder}: views are of git's commits, and git says: {_said(found.stderr)}")
        bare, shallow, form, git_dir, common = os.fsdecode(found.stdout).splitlines()[:5]
        if form != "sha1":
            raise ConfigError(f"{folder}: the ids of its objects are {form}, and views need sha1")
        if bare == "true":
            own = Path(git_dir)
            return Repository(folder, own, own, own, b"", True, shallow == "true")
        top = subprocess.run(
            [*command, "--show-toplevel"], capture_output=True, env=environment(), check=False
        ).stdout.removesuffix(b"\n")
    except FileNotFoundError:
        raise ConfigError("views need the program git, which is not installed") from None
    real = os.path.realpath(os.fsencode(folder))
    top = os.path.realpath(top)
    prefix = real[len(top) :].lstrip(b"/") + b"/" if real != top else b""
    return Repository(folder, Path(os.fsdecode(top)), Path(git_dir), folder / common, prefix, False, shallow == "true")


class BlobReader:
    """Reads blobs by one `git cat-file --batch`, started by the first that is asked for.

    What git hands out is compared with its id. Where git ends over a damaged object it is started again for the others.
    May be used from several threads, one at a time works.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def read(self, blobs: Iterable[str]) -> Iterator[Blob]:
        """The contents of blobs, in order, read as they are asked for."""
        waiting = list(blobs)
        for start in range(0, len(waiting), ASKED_AT_ONCE):
            with self._lock:
                answers = list(self._read(waiting[start : start + ASKED_AT_ONCE]))
            yield from answers

    def _read(self, blobs: Sequence[str]) -> Iterator[Blob]:
        at = 0
        while at < len(blobs):
            process = self._started()
            stdin, stdout = process.stdin, process.stdout
            assert stdin is not None and stdout is not None
            asked = blobs[at:]
            # Written by a thread of its own: git answers while it reads, and both pipes would fill up.
            writer = threading.Thread(target=_written, args=(stdin, "\n".join(asked).encode() + b"\n"), daemon=True)
            writer.start()
            for blob in asked:
                answer = _answer(stdout, blob)
                at += 1
                if answer is None:
                    yield Blob(blob, None, self._ended(process))
                    break
                yield answer
            writer.join()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = self._repository.started("cat-file", "--batch", stdin=subprocess.PIPE)
        return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> str:
        """Why git ended."""
        self._process = None
        process.kill()
        said = process.stderr.read() if process.stderr is not None else b""
        _let_go(process)
        return f"git: {_said(said)}"

    def close(self) -> None:
        """Ends git; the next read starts it again."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            _let_go(process)


def _let_go(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with suppress(BrokenPipeError):
                stream.close()
    process.wait()


def _written(stdin: Any, text: bytes) -> None:
    try:
        stdin.write(text)
        stdin.flush()
    except (BrokenPipeError, ValueError):
        pass  # git has ended, which the reader notices


def _answer(stdout: Any, blob: str) -> Blob | None:
    """The next answer of git; None where there is none any more."""
    head = stdout.readline().split()
    if len(head) == 2 and head[1] in (b"missing", b"ambiguous"):
        return Blob(blob, None, "is not in the repository")
    if len(head) != 3 or not head[2].isdigit():
        return None
    size = int(head[2])
    data = stdout.read(size)
    if len(data) != size or stdout.read(1) != b"\n":
        return None
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    digest.update(data)
    if head[1] != b"blob" or digest.hexdigest() != blob:
        return Blob(blob, None, "is damaged")
    return Blob(blob, data)
