"""What `leindex grep --help` and `--version` print."""

from __future__ import annotations

from .. import __version__

HELP = """usage: leindex grep [FLAGS] PATTERN [PATH ...]

Every line that matches a regular expression, in path order, as `rg --sort path` prints it, from the index.
The flags are ripgrep's; docs/grep.md lists them and the few differences.

  -e PATTERN  -f FILE            patterns (several are alternatives)
  -F -i -s -S -w -x -v -U        literal, case, smart case, words, whole lines, inverted, across lines
  -A N -B N -C N  -m N           context, most lines a file
  -l -L -c -o -q  --json         paths, paths without, counts, only what matches, status only, JSON Lines
  -n -N -H -I -0 --column -r TEXT  --heading --color WHEN
  -g GLOB  -t TYPE -T TYPE       which files
  --files                        list the files that would be searched
  --index DIR                    the folder of the index
  --refresh always|auto|never    compare the index with the tree first
  --strict                       fail rather than answer from an index that may be old

Exit status: 0 a match, 1 none, 2 an error."""


def special(which: str) -> int:
    """Prints the help or the version."""
    print(HELP if which == "help" else f"leindex {__version__}")
    return 0
