"""Checks the exercises of lesson 10, packaging and layers."""

from __future__ import annotations

import io
import secrets
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import boto3

from course.checking import Attempt, exercise
from course.lab_cloud import answer_of, packed, require_lab, temporary_function
from labsupport.facts import fact

_IMPORTS = """
import drinks
from drinks.hot import tea

def handler(event, context):
    return [drinks.kinds, tea.cents]
"""
_READS = """
from pathlib import Path

cents = int(Path(__file__).with_name("cents.txt").read_text())
"""
_SAYS = "def handler(event, context):\n    return {!r}\n"


@exercise(
    hints=(
        "`package.rglob('*')` gives all that is below a folder; leave out what is no file.",
        "In the archive, `drinks/hot/tea.py` must be `python/drinks/hot/tea.py`.",
        "`file.write(path, Path('python') / path.relative_to(package))`, and "
        "`archive.getvalue()` at the end.",
    ),
    deadline_s=60,
)
def layer_zip(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Packs a folder of modules as a layer for Python, and a function can import them from it."""
    attempt.given(function)
    require_lab(attempt)
    with TemporaryDirectory() as made:
        package = Path(made)
        _write_drinks(package)
        archive = attempt.call(function, package)
    attempt.require(
        isinstance(archive, bytes) and zipfile.is_zipfile(io.BytesIO(archive)),
        passed="it returns the bytes of a .zip archive",
        failed="it should return the bytes of a .zip archive, and yours returns "
        f"{type(archive).__name__}",
    )
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        names = {name for name in file.namelist() if not name.endswith("/")}
    attempt.expect(
        not any("__pycache__" in name for name in names),
        passed="`__pycache__` stays out",
        failed="`__pycache__` should stay out, and it is in yours",
    )
    outside = sorted(name for name in names if not name.startswith("python/"))
    attempt.require(
        bool(names) and not outside,
        passed="everything lies below `python`",
        failed="everything should lie below `python`, and yours has "
        + (", ".join(f"`{name}`" for name in outside[:3]) or "nothing"),
    )
    with _layer("drinks", archive) as arn, _function(_IMPORTS, Layers=[arn]) as name:
        got = answer_of(name)
    attempt.expect(
        got == [["hot"], 420],
        passed="a function with this layer can import the package, and its data came along",
        failed=f"a function with this layer should be able to import the package, and gets: {got}",
    )


def _write_drinks(package: Path) -> None:
    for name, text in {
        "drinks/__init__.py": "kinds = ['hot']\n",
        "drinks/hot/__init__.py": "",
        "drinks/hot/tea.py": _READS,
        "drinks/hot/cents.txt": "420",
        "drinks/__pycache__/__init__.cpython-314.pyc": "",
    }.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@exercise(
    hints=(
        "`list_layer_versions(LayerName=…)` begins with the newest version.",
        "A function's layers stand in `Layers` of what `list_functions` gives, each with its "
        "`Arn`; a function without layers has no `Layers`.",
        "Make the new list by replacing only ARNs that begin with the layer's own ARN and a "
        "colon, and call `update_function_configuration` only where the list has changed.",
    ),
    deadline_s=60,
)
def move_users(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Points all functions with an old version of a layer to its newest, and leaves the rest."""
    attempt.given(function)
    require_lab(attempt)
    client = boto3.client("lambda")
    name = f"check-{secrets.token_hex(4)}"
    with (
        _layer(name, _module("a"), _module("b"), _module("c")) as newest,
        _layer(f"{name}-tools", _module("d"), _module("e")) as tools,
    ):
        stem = newest.rpartition(":")[0]
        old_tools = tools.rpartition(":")[0] + ":1"
        cases = {
            "a function with version 1": ([f"{stem}:1"], [newest]),
            "a function with version 2 behind another layer": (
                [old_tools, f"{stem}:2"],
                [old_tools, newest],
            ),
            "a function with version 1 before another layer": (
                [f"{stem}:1", tools],
                [newest, tools],
            ),
            "a function that has the newest already": ([newest], [newest]),
            "a function with another layer only": ([old_tools], [old_tools]),
            "a function without layers": ([], []),
        }
        with _functions([has for has, _ in cases.values()]) as names:
            got = attempt.call(function, name)
            after = [
                [
                    layer["Arn"]
                    for layer in client.get_function_configuration(FunctionName=each).get(
                        "Layers", []
                    )
                ]
                for each in names
            ]
    for (case, (_, wanted)), has in zip(cases.items(), after, strict=True):
        attempt.expect(
            has == wanted,
            passed=f"{case} ends with {_short(wanted)}",
            failed=f"{case} should end with {_short(wanted)}, and has {_short(has)}",
        )
    moved = sorted(each for each, (has, to) in zip(names, cases.values(), strict=True) if has != to)
    attempt.expect(
        got == moved,
        passed="it returns the names of the functions it has changed, sorted",
        failed=f"it should return the {len(moved)} names of the functions it has changed, sorted, "
        f"and yours returns `{got!r}`",
    )


def _short(arns: list[str]) -> str:
    """Layers as a reader knows them: the layer and its version."""
    said = [
        ("the other layer" if arn.split(":")[6].endswith("-tools") else "the layer")
        + f", version {arn.split(':')[7]}"
        for arn in arns
    ]
    return "; ".join(said) or "no layers"


@exercise(
    hints=(
        "Begin with the largest sizes: what fits nowhere, then what needs an image.",
        "The zipped size matters only for how the archive is handed over.",
        "250 MB unzipped, 50 MB zipped in the call, 10 GB for an image: allowed are sizes up to "
        "and including these.",
    )
)
def choose_package(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Chooses the way to package a function by its zipped and unzipped size."""
    attempt.given(function)
    direct, most = int(fact("code.zip_direct_mb").value), int(fact("code.unzipped_mb").value)
    image = int(fact("code.image_gb").value) * 1024
    for zipped_mb, unzipped_mb, wanted in (
        (1, 3, "zip"),
        (direct, most, "zip"),
        (direct + 1, most, "zip through S3"),
        (direct - 1, most + 1, "image"),
        (direct + 40, most + 100, "image"),
        (image / 2, image, "image"),
        (direct - 1, image + 1, "neither"),
    ):
        got = attempt.call(function, zipped_mb, unzipped_mb)
        case = f"{zipped_mb:,.0f} MB zipped and {unzipped_mb:,.0f} MB unzipped"
        attempt.expect(
            got == wanted,
            passed=f'{case} give `"{wanted}"`',
            failed=f'{case} should give `"{wanted}"`, and yours gives `{got!r}`',
        )


@exercise(
    hints=(
        "`get_alias` says which version the alias points to; with a share below 1 that stays.",
        "`update_alias` takes `FunctionVersion` and "
        '`RoutingConfig={"AdditionalVersionWeights": {version: share}}`.',
        "With 0 and with 1 the weights must be an empty dict: an alias keeps the weights that a "
        "call does not mention.",
    ),
    deadline_s=60,
)
def shift(attempt: Attempt, function: Callable[..., Any]) -> None:
    """Sends a share of an alias's calls to a version, all of them, or none."""
    attempt.given(function)
    require_lab(attempt)
    client = boto3.client("lambda")
    with _function(_SAYS.format(1), Publish=True) as name:
        client.update_function_code(
            FunctionName=name, ZipFile=packed(_SAYS.format(2)), Publish=True
        )
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
        for share, points_to, weights in (
            (0.1, "1", {"2": 0.1}),
            (0.5, "1", {"2": 0.5}),
            (0, "1", {}),
            (0.25, "1", {"2": 0.25}),
            (1, "2", {}),
        ):
            attempt.call(function, name, "live", "2", share)
            alias = client.get_alias(FunctionName=name, Name="live")
            has = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
            attempt.expect(
                (alias["FunctionVersion"], has) == (points_to, weights),
                passed=f"a share of {share} leaves the alias at version {points_to}, "
                f"with weights `{weights}`",
                failed=f"a share of {share} should leave the alias at version {points_to} with "
                f"weights `{weights}`; it is at {alias['FunctionVersion']} with `{has}`",
            )


def _module(text: str) -> bytes:
    """A layer with a module that says `text`."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("python/says.py", f"text = {text!r}\n")
    return archive.getvalue()


@contextmanager
def _layer(name: str, *archives: bytes) -> Iterator[str]:
    """A layer with a version for each archive, as long as it is needed; gives the newest's ARN."""
    client = boto3.client("lambda")
    versions = [
        client.publish_layer_version(LayerName=name, Content={"ZipFile": archive})
        for archive in archives
    ]
    try:
        yield str(versions[-1]["LayerVersionArn"])
    finally:
        for version in versions:
            client.delete_layer_version(LayerName=name, VersionNumber=version["Version"])


@contextmanager
def _function(source: str, **settings: Any) -> Iterator[str]:
    with temporary_function(source, "handler", Timeout=20, **settings) as name:
        yield name


@contextmanager
def _functions(layers: list[list[str]]) -> Iterator[list[str]]:
    """Functions with these layers."""
    if not layers:
        yield []
        return
    with (
        _function(_SAYS.format(0), Layers=layers[0]) as name,
        _functions(layers[1:]) as names,
    ):
        yield [name, *names]
