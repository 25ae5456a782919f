"""`leindex doctor`: look for damage in every structure, say what it is, and repair it."""

from __future__ import annotations

from collections.abc import Sequence

from ..common import opened, print_json, printable, progress_shown, utf8
from ..parsing import Parser, add_index_option, add_json_option


def run(arguments: Sequence[str]) -> int:
    """Runs the command."""
    parser = Parser(
        "doctor",
        "Look for damage in an index and say what it is; exit status 1 if there is any. With --repair, rebuild what is "
        "damaged from the rest and the tree.",
    )
    parser.add_argument("path", nargs="?", default=".", metavar="PATH")
    parser.add_argument("--repair", action="store_true", help="rebuild what is damaged")
    parser.add_argument("--dry-run", action="store_true", help="with --repair, only say what would be done")
    add_index_option(parser)
    add_json_option(parser)
    options = parser.parse_args(arguments)
    from ...tree.doctor import REMEDY

    with opened(options.path, options) as index:
        with progress_shown(quiet=options.json) as on_progress:
            findings = index.examine(on_progress=on_progress)
        repaired = bool(findings) and options.repair and not options.dry_run
        left = findings
        if repaired:
            with progress_shown(quiet=options.json) as on_progress:
                index.repair(findings, on_progress=on_progress)
                left = index.examine(on_progress=on_progress)
    if options.json:
        told = [{"structure": f.structure, "told": utf8(f.told), "remedy": REMEDY[f.structure]} for f in findings]
        print_json({"root": utf8(str(index.root)), "findings": told, "repaired": repaired and not left})
        return 1 if left else 0
    for finding in findings:
        print(f"{finding.structure}: {printable(finding.told)}")
    if options.repair and options.dry_run:
        for structure in sorted({finding.structure for finding in findings}):
            print(f"would repair {structure}: {REMEDY[structure]}")
    elif repaired:
        for structure in sorted({finding.structure for finding in findings}):
            print(f"repaired {structure}: {REMEDY[structure]}")
        for finding in left:
            print(f"still damaged: {printable(finding.told)}")
    elif findings:
        print("to repair it run: leindex doctor --repair")
    else:
        print("no damage found")
    return 1 if left else 0
