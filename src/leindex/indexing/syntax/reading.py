"""What is known of each language: what its files are called, how its definitions are read, and by which grammar."""

from __future__ import annotations

from ...records import record
from .grammars import has_grammar, package_of
from .language_table import EXTENSIONS, FILENAMES
from .line_symbols import LANGUAGES
from .parts import NOTEBOOK, PAGES
from .shape_table import SHAPES
from .symbols import JSON


@record(frozen=True, slots=True)
class Reading:
    """How a language is read.

    `definitions` is `scanner` (one of our own, in C), `grammar`, `parts` (scripts and styles, or cells, in their own
    languages), `shape` (the table of `shape_table.py`), `lines` (a keyword with a name), or empty where none are read.
    `calls` says whether call sites are found. `package` carries the grammar; `version` is empty where it is missing,
    and `install` says then what to type.
    """

    name: str
    extensions: tuple[str, ...]
    filenames: tuple[str, ...]
    definitions: str
    calls: bool
    package: str
    version: str
    install: str


def readings() -> list[Reading]:
    """Every language that is known, by its name."""
    return [reading_of(name) for name in sorted({*EXTENSIONS, *FILENAMES})]


def reading_of(language: str) -> Reading:
    """How one language is read, by its name as `resolve_language` gives it."""
    from importlib import metadata

    package, version, install = package_of(language), "", ""
    if package:
        try:
            version = metadata.version(package)
        except metadata.PackageNotFoundError:
            from ...install_hint import install_hint

            install = install_hint()
    return Reading(
        name=language,
        extensions=tuple(EXTENSIONS.get(language, "").split()),
        filenames=tuple(FILENAMES.get(language, "").split()),
        definitions=_definitions(language),
        calls=has_grammar(language) or language in PAGES or language == NOTEBOOK,
        package=package,
        version=version,
        install=install,
    )


def _definitions(language: str) -> str:
    if language == "c":
        return "scanner"
    if language in PAGES or language == NOTEBOOK:
        return "parts"
    if has_grammar(language):
        return "grammar"
    if language in SHAPES or language in JSON:
        return "shape"
    return "lines" if language in LANGUAGES or language == "markdown" else ""
