"""What is done once a library has been imported, and never where nobody imports it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType


class WhenImported(MetaPathFinder):
    """Calls `then` as soon as the module `name` has been imported: at once where it is already.

    Args:
        name: of a module without a package above it.
        then: called once, in the thread that imports, before anybody else sees the module.
    """

    def __init__(self, name: str, then: Callable[[], None]) -> None:
        self._name, self._then = name, then
        self.called = False
        if name in sys.modules:
            self._call()
        else:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module as the other finders have it, with what follows its execution."""
        if fullname != self._name:
            return None
        others = (finder for finder in list(sys.meta_path) if finder is not self)
        found = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            # Whoever only asks whether the module is there executes nothing.
            execute = spec.loader.exec_module

            def executed(module: ModuleType) -> None:
                execute(module)
                self._call()

            spec.loader.exec_module = executed  # type: ignore[method-assign]
        return spec

    def cancel(self) -> None:
        """Call nothing from now on."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)

    def _call(self) -> None:
        self.cancel()
        if not self.called:
            self.called = True
            self._then()
