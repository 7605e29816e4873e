"""The completion scripts of the shells, and the answers that they read."""

from __future__ import annotations

import os
from typing import Final

from click.shell_completion import CompletionItem, ShellComplete, split_arg_string

from leyden.cli.application import leyden as application
from leyden.cli.completion.offers import OPEN, offer

_LINE: Final = "_LEYDEN_LINE"
"""The environment variable with the line up to the cursor."""
_BREAKS: Final = "_LEYDEN_BREAKS"
"""The environment variable with the characters at which bash splits words.

Bash only replaces what follows the last of them.
"""

# macOS has bash 3.2, which knows neither `compopt` nor `-o nosort`.
_BASH: Final = r"""_leyden_completion() {
    local kind word help
    COMPREPLY=()
    while IFS=$'\t' read -r kind word help; do
        case $kind in
            file) compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$2")) ;;
            open) compopt -o nospace 2>/dev/null; COMPREPLY+=("$word") ;;
            plain) COMPREPLY+=("$word") ;;
        esac
    done < <(_LEYDEN_LINE="${COMP_LINE:0:COMP_POINT}" _LEYDEN_BREAKS="$COMP_WORDBREAKS" \
        _LEYDEN_COMPLETE=bash "$1" 2>/dev/null)
}
complete -o nosort -F _leyden_completion leyden 2>/dev/null ||
    complete -F _leyden_completion leyden
"""

_ZSH: Final = r"""#compdef leyden
_leyden_completion() {
    local kind word help
    local -a open open_shown plain plain_shown
    while IFS=$'\t' read -r kind word help; do
        case $kind in
            file) _files; return ;;
            open) open+=("$word"); open_shown+=("$word${help:+  -- $help}") ;;
            plain) plain+=("$word"); plain_shown+=("$word${help:+  -- $help}") ;;
        esac
    done < <(_LEYDEN_LINE="${(j: :)words[1,CURRENT-1]} $PREFIX" _LEYDEN_COMPLETE=zsh \
        ${(Q)words[1]} 2>/dev/null)
    (( $#open )) && compadd -V leyden -S '' -l -d open_shown -a open
    (( $#plain )) && compadd -V leyden -l -d plain_shown -a plain
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _leyden_completion "$@"
else
    compdef _leyden_completion leyden
fi
"""

_FISH: Final = r"""function _leyden_completion
    set -l line (string join ' ' -- (commandline -opc) '')(commandline -ct)
    set -l asked (commandline -opc)[1]
    for answer in (_LEYDEN_LINE="$line" _LEYDEN_COMPLETE=fish command $asked 2>/dev/null)
        set -l parts (string split \t -- $answer)
        if test "$parts[1]" = file
            __fish_complete_path (commandline -ct)
        else
            printf '%s\t%s\n' $parts[2] $parts[3]
        end
    end
end
complete --command leyden --no-files --keep-order --arguments '(_leyden_completion)'
"""

_SCRIPTS: Final = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}

SHELLS: Final = tuple(_SCRIPTS)


def script(shell: str) -> str:
    """Return the script that a shell reads to ask for completions."""
    return _SCRIPTS[shell]


def answer(shell: str) -> str:
    """Return the completions for the line in the environment, one a line."""
    line = os.environ.get(_LINE, "")
    words = split_arg_string(line)[1:]
    incomplete = words.pop() if words and not line[-1:].isspace() else ""
    # For `--order=d`, click only returns what follows the `=`.
    name, equals, _ = incomplete.partition("=")
    before = name + equals if equals and name.startswith("--") else ""
    offered = _Asked(application, {"obj": offer}, "leyden", "").get_completions(words, incomplete)
    cut = 0
    if shell == "bash":
        breaks = set(os.environ.get(_BREAKS, "")) & set("=:")
        cut = 1 + max((incomplete.rfind(each) for each in breaks), default=-1)
    return "".join(f"{_row(item, before, cut)}\n" for item in offered)


def _row(item: CompletionItem, before: str, cut: int) -> str:
    kind = {"plain": "plain", OPEN: "open"}.get(item.type, "file")
    help_ = " ".join((item.help or "").split())
    return f"{kind}\t{(before + str(item.value))[cut:]}\t{help_}"


class _Asked(ShellComplete):
    """The part of click that finds the option or argument at the cursor."""

    name = "leyden"
    source_template = ""
