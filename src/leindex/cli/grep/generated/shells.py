"""Completions of leindex's commands and options for shells, each as the script that the shell is to read."""

from __future__ import annotations

from collections.abc import Iterable

from .commands import Described, Option


def bash(commands: Iterable[Described]) -> str:
    """For bash: the function and its registration."""
    commands = list(commands)
    cases, values = [], []
    for command in commands:
        names = " ".join(name for option in command.options for name in option.names)
        cases.append(f"    {command.name}) options='{names}' ;;")
        for option in command.options:
            if option.choices:
                patterns = "|".join(f"{command.name}:{name}" for name in option.names)
                values.append(f"    {patterns}) choices='{' '.join(option.choices)}' ;;")
            elif option.value:
                patterns = "|".join(f"{command.name}:{name}" for name in option.names)
                values.append(f"    {patterns}) choices=; options= ;;")
    names = " ".join(command.name for command in commands)
    return "\n".join(
        [
            "_leindex() {",
            "  local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]}",
            "  local options= choices=",
            "  COMPREPLY=()",
            '  if [ "$COMP_CWORD" -eq 1 ]; then',
            f"    COMPREPLY=($(compgen -W '{names} --help --version' -- \"$current\"))",
            "    return",
            "  fi",
            "  case $command in",
            *cases,
            "  esac",
            "  case $command:$before in",
            *values,
            "  esac",
            '  if [ -n "$choices" ]; then',
            '    COMPREPLY=($(compgen -W "$choices" -- "$current"))',
            "  elif [[ $current == -* && -n $options ]]; then",
            '    COMPREPLY=($(compgen -W "$options" -- "$current"))',
            "  else",
            '    COMPREPLY=($(compgen -f -- "$current"))',
            "  fi",
            "}",
            "complete -o filenames -F _leindex leindex",
        ]
    )


def zsh(commands: Iterable[Described]) -> str:
    """For zsh: a file `_leindex` on its `fpath`."""
    commands = list(commands)
    lines = ["#compdef leindex", "", "_leindex() {", "  local -a commands", "  commands=("]
    lines += [f"    {_quoted(f'{command.name}:{_colons(command.purpose)}')}" for command in commands]
    lines += ["  )", "  if (( CURRENT == 2 )); then", "    _describe command commands", "    return", "  fi"]
    lines += ["  local command=$words[2]", "  shift words", "  (( CURRENT-- ))", "  case $command in"]
    for command in commands:
        lines.append(f"    {command.name})")
        lines.append("      _arguments -s -S \\")
        lines += [f"        {_quoted(spec)} \\" for option in command.options for spec in _specs(option)]
        lines.append("        '*:file:_files'")
        lines.append("      ;;")
    return "\n".join([*lines, "  esac", "}", "", '_leindex "$@"'])


def _specs(option: Option) -> list[str]:
    """The option as `_arguments` takes it, each spelling by itself; any may be repeated."""
    text = _colons(option.text).replace("[", "\\[").replace("]", "\\]")
    specs = []
    for name in option.names:
        if not option.value:
            specs.append(f"*{name}[{text}]")
            continue
        values = f"({' '.join(option.choices)})" if option.choices else "_files" if _is_path(option) else " "
        joint = "=" if name.startswith("--") else "+"
        specs.append(f"*{name}{joint}[{text}]:{_colons(option.value)}:{values}")
    return specs


def fish(commands: Iterable[Described]) -> str:
    """For fish: what it reads from `leindex.fish`."""
    commands = list(commands)
    lead = "complete -c leindex -n __fish_use_subcommand -f -a"
    lines = [f"{lead} {command.name} -d {_quoted(command.purpose)}" for command in commands]
    for command in commands:
        for option in command.options:
            line = f"complete -c leindex -n '__fish_seen_subcommand_from {command.name}'"
            for name in option.names:
                line += f" -l {name[2:]}" if name.startswith("--") else f" -s {name[1:]}"
            if option.choices:
                line += f" -x -a {_quoted(' '.join(option.choices))}"
            elif option.value:
                line += " -r" if _is_path(option) else " -x"
            lines.append(f"{line} -d {_quoted(option.text)}" if option.text else line)
    return "\n".join(lines)


def powershell(commands: Iterable[Described]) -> str:
    """For PowerShell: a script that registers the completer."""
    commands = list(commands)
    lines = ["Register-ArgumentCompleter -Native -CommandName 'leindex' -ScriptBlock {"]
    lines += ["  param($wordToComplete, $commandAst, $cursorPosition)", "  $names = [ordered]@{"]
    lines += [f"    {_single(command.name)} = {_single(command.purpose)}" for command in commands]
    lines += ["  }", "  $options = @{"]
    for command in commands:
        lines.append(f"    {_single(command.name)} = @(")
        for option in command.options:
            lines += [f"      @({_single(name)}, {_single(option.text or name)})" for name in option.names]
        lines.append("    )")
    lines += [
        "  }",
        "  $words = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })",
        "  if ($words.Count -lt 2 -or ($words.Count -eq 2 -and $wordToComplete)) {",
        '    $names.GetEnumerator() | Where-Object { $_.Key -like "$wordToComplete*" } | ForEach-Object {',
        "      [System.Management.Automation.CompletionResult]::new($_.Key, $_.Key, 'ParameterValue', $_.Value)",
        "    }",
        "    return",
        "  }",
        '  $options[$words[1]] | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {',
        "    [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterName', $_[1])",
        "  }",
        "}",
    ]
    return "\n".join(lines)


def _is_path(option: Option) -> bool:
    return option.value in ("FILE", "DIR", "PATH", "COMMAND")


def _colons(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
