"""The command line."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reference_pages.markdown import cell, doc_of, table_of


def cli() -> str:
    """Every command with its arguments and options, from their annotations."""
    import vidpipe.cli  # noqa: F401
    from vidpipe.cli.app import app

    parts = ["# The vidpipe command\n"]
    commands = [("", command) for command in app.registered_commands]
    for group in app.registered_groups:
        assert group.typer_instance is not None
        inner = group.typer_instance.registered_commands
        commands += [(f"{group.name} ", command) for command in inner]
    for before, command in commands:
        assert command.callback is not None
        name = before + (command.name or command.callback.__name__.replace("_", "-"))
        rows, usage = [], [name]
        for shown, required, said in _parameters(command.callback):
            usage.append(shown if required else f"[{shown}]")
            rows.append((f"`{shown}`", said))
        text = doc_of(command.callback)
        parts.append(f"## {name}\n\n{text}\n\n```text\nvidpipe {' '.join(usage)}\n```\n")
        if rows:
            parts.append(table_of(("", ""), rows) + "\n")
    parts.append(
        "## Exit codes\n\n"
        "| | |\n|---|---|\n"
        "| 0 | done, also when there was nothing worth cutting |\n"
        "| 1 | a bug in vidpipe, with its traceback |\n"
        "| 2 | wrong usage or a wrong setting: each problem on a line |\n"
        "| 3 | the file was rejected, or keeps not to a rule |\n"
        "| 4 | something is unavailable: trying again can help |\n"
        "| 5 | someone has to approve before it goes on |\n"
    )
    return "\n".join(parts)


def _parameters(callback: Any) -> Iterator[tuple[str, bool, str]]:
    """(how it is written, whether it must be, what it is) of each parameter of a command."""
    hints = typing.get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = typing.get_args(hints[name])[:2]
        if getattr(info, "hidden", False):
            continue
        required = parameter.default is inspect.Parameter.empty
        default = None if required else parameter.default
        more = f" (default {default})" if default not in (None, "", False) else ""
        said = cell((info.help or "") + more)
        if type(info).__name__ == "ArgumentInfo":
            yield info.metavar or name.upper(), required, said
            continue
        # The first one that an annotation names stands where a default would.
        named = (info.default, *(info.param_decls or ()))
        flags = [d for d in named if isinstance(d, str) and d.startswith("--")]
        flag = flags[0] if flags else f"--{name.replace('_', '-')}"
        value = info.metavar or _value(kind)
        switches = kind is bool or bool in typing.get_args(kind)
        yield flag if switches else f"{flag} {value}", required, said


def _value(kind: Any) -> str:
    """What stands behind an option of this type."""
    inner = [k for k in typing.get_args(kind) if k is not type(None)]
    if typing.get_origin(kind) is typing.Literal:
        return "/".join(inner)
    if inner:
        return _value(inner[0])
    return {int: "N", float: "X", Path: "FILE"}.get(kind, "NAME")
