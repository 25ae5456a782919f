"""What `--generate` prints: shells read it, and it names every flag; and ripgrep has none that is missing here."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leindex.cli.grep.flag_help import FLAG_HELP, GENERATED
from leindex.cli.grep.flag_table import SHORT, SWITCHES
from leindex.cli.grep.flag_values import VALUES
from leindex.cli.grep.generated.commands import commands
from leindex.cli.grep.generated.make import generated
from leindex.cli.main import COMMANDS, main
from tests.exact.commands import needs_ripgrep

PAGE = Path(__file__).resolve().parents[2] / "docs" / "grep.md"


def test_every_flag_is_described() -> None:
    described = FLAG_HELP.keys()
    assert described <= SWITCHES.keys() | VALUES.keys()
    assert VALUES.keys() - described == {"maxdepth"}
    undone = {name for name in SWITCHES.keys() - described if name != "passthrough"}
    assert {name.removeprefix("no-") if name.startswith("no-") else f"no-{name}" for name in undone} <= described
    assert set(SHORT.values()) <= described
    assert all(bool(told.value) == (name in VALUES) for name, told in FLAG_HELP.items())


@needs_ripgrep
def test_ripgrep_has_no_flag_that_is_missing() -> None:
    said = subprocess.run(["rg", "--no-config", "--help"], capture_output=True, text=True, check=True).stdout
    flags = set(re.findall(r"^ +(?:-.(?: \S+)?, )?--([a-z0-9-]+)", said, re.MULTILINE))
    letters = set(re.findall(r"^ +-(.)(?: \S+)?, --", said, re.MULTILINE))
    assert len(flags) > 100 and len(letters) > 40
    reasons = set(re.findall(r"--([a-z0-9-]+)", PAGE.read_text().partition("Refused")[2].partition("##")[0]))
    assert flags - SWITCHES.keys() - VALUES.keys() <= reasons
    assert letters <= SHORT.keys()


def test_all_commands_are_there() -> None:
    made = commands()
    assert [command.name for command in made] == list(COMMANDS)
    options = {command.name: {name for option in command.options for name in option.names} for command in made}
    assert {"--json", "--index", "--help"} <= options["status"]
    assert {"--sort", "-z", "--no-search-zip", "--config"} <= options["grep"]


@pytest.mark.parametrize("what", GENERATED)
def test_the_command_prints_it(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["grep", "--generate", what]) == 0
    printed = capsys.readouterr().out
    assert printed == generated(what) + "\n"
    for name in ("search-zip", "hyperlink-format", "one-file-system"):
        assert name in printed.replace("\\-", "-")


def test_bash_completes(tmp_path: Path) -> None:
    script = tmp_path / "leindex.bash"
    script.write_text(generated("complete-bash"))

    def completed(*words: str) -> list[str]:
        line = " ".join(f"'{word}'" for word in words)
        ask = f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words) - 1}; _leindex; echo ${{COMPREPLY[@]}}"
        ran = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
        assert ran.stderr == ""
        return ran.stdout.split()

    assert completed("leindex", "gre") == ["grep"]
    assert completed("leindex", "grep", "--hyper") == ["--hyperlink-format"]
    assert completed("leindex", "grep", "--sort", "m") == ["modified"]
    assert completed("leindex", "status", "--js") == ["--json"]


@pytest.mark.parametrize(("shell", "what"), [("zsh", "complete-zsh"), ("fish", "complete-fish")])
def test_other_shells_read_it(tmp_path: Path, shell: str, what: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / "script"
    script.write_text(generated(what))
    ran = subprocess.run([shell, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")


def test_man_reads_it(tmp_path: Path) -> None:
    if shutil.which("groff") is None:
        pytest.skip("groff is not installed")
    ran = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z"], input=generated("man"), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
