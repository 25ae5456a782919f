"""What `leindex grep --help` and `--version` print."""

from __future__ import annotations

from ... import __version__
from .flag_help import GENERATED

HELP = """usage: leindex grep [FLAGS] PATTERN [PATH ...]

Every line that matches a regular expression, in path order, as `rg --sort path` prints it, from the index; what is
piped in, if something is and no path is given. The flags are ripgrep's; docs/grep.md lists them and the few
differences, and leindex grep --generate man prints all of them.

  -e PATTERN  -f FILE            patterns (several are alternatives)
  -F -i -s -S -w -x -v -U        literal, case, smart case, words, whole lines, inverted, across lines
  -A N -B N -C N  -m N           context, most lines a file
  -l -L -c -o -q  --json         paths, paths without, counts, only what matches, status only, JSON Lines
  -n -N -H -I -0 --column -r TEXT  --heading --color WHEN
  -g GLOB  -t TYPE -T TYPE       which files
  -P  -E LABEL  -z  --pre COMMAND  PCRE2, an encoding, compressed files, what a command makes of files
  --sort BY  --sortr BY          by path, modified, accessed, created
  --files                        list the files that would be searched
  --rev REV  --branch NAME       a revision, or a branch or tag (globs too), in place of the files as they are
  --index DIR                    the folder of the index
  --refresh always|auto|never    compare the index with the tree first
  --strict                       fail rather than answer from an index that may be old

Exit status: 0 a match, 1 none, 2 an error."""


def special(which: str) -> int:
    """Prints the help, the version, PCRE2's version, or what is generated."""
    if which == "pcre2-version":
        from ...exact.pcre2.library import version

        found = version()
        print("PCRE2 is not installed." if found is None else f"PCRE2 {found} is available (JIT is available)")
        return int(found is None)
    if which in GENERATED:
        from .generated.make import generated

        print(generated(which))
        return 0
    print(HELP if which == "help" else f"leindex {__version__}")
    return 0
