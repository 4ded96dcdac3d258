"""Changes that wait for a module."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from labsupport.imports import no_longer, when_imported


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "waited_for.py").write_text("value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "waited_for", raising=False)
    return "waited_for"


def double(module: ModuleType) -> None:
    module.value *= 2


def test_change_follows_the_import(module: str) -> None:
    when_imported(module, double)
    assert importlib.import_module(module).value == 2
    sys.modules.pop(module)
    assert importlib.import_module(module).value == 1, "once"


def test_change_is_made_at_once_where_the_module_is_there(module: str) -> None:
    imported = importlib.import_module(module)
    when_imported(module, double)
    assert imported.value == 2


def test_forgotten_change_is_not_made(module: str) -> None:
    when_imported(module, double)
    no_longer(double)
    assert importlib.import_module(module).value == 1
