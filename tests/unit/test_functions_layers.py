"""Layers: their content under /opt, their limits."""

from __future__ import annotations

import copy
import io
import os
import struct
import zipfile
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from labsupport import Lab
from tests.unit.functions_lab import Lambda

USES = (
    "import greeting\n"
    "def handler(event, context):\n"
    "    return [greeting.WORD, greeting.__file__, open('/opt/data.txt').read()]\n"
)


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        if "own folders" not in lab.isolation:
            assert not os.environ.get("CI"), lab.isolation
            pytest.skip("/opt itself needs a system with namespaces")
        yield Lambda(lab)


def layer(cloud: Lambda, name: str, **files: str) -> str:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path, text in files.items():
            archive.writestr(path.replace("__", "/").replace("_dot_", "."), text)
    published = cloud.client.publish_layer_version(
        LayerName=name, Content={"ZipFile": content.getvalue()}
    )
    return str(published["LayerVersionArn"])


def greeting(cloud: Lambda, word: str) -> str:
    files = {"python__greeting_dot_py": f"WORD = {word!r}\n", "data_dot_txt": word}
    return layer(cloud, f"greeting-{word}", **files)


def test_layers_are_under_opt_and_later_ones_win(cloud: Lambda) -> None:
    layers = [greeting(cloud, "hello"), greeting(cloud, "welcome")]
    cloud.create(USES, Layers=layers)
    expected = ["welcome", "/opt/python/greeting.py", "welcome"]
    assert cloud.invoke()["Payload"] == expected
    cloud.client.update_function_configuration(FunctionName="f", Layers=layers[:1])
    assert cloud.invoke()["Payload"][0] == "hello", "other layers need another environment"
    cloud.client.update_function_configuration(FunctionName="f", Layers=[])
    assert cloud.invoke()["FunctionError"] == "Unhandled"


def test_function_keeps_a_layer_version_that_was_deleted(cloud: Lambda) -> None:
    arn = greeting(cloud, "hello")
    cloud.create(USES, Layers=[arn])
    cloud.client.delete_layer_version(LayerName="greeting-hello", VersionNumber=1)
    assert cloud.invoke()["Payload"][0] == "hello"


def test_published_version_keeps_its_layers(cloud: Lambda) -> None:
    cloud.create(USES, Layers=[greeting(cloud, "hello")])
    cloud.client.publish_version(FunctionName="f")
    cloud.client.update_function_configuration(
        FunctionName="f", Layers=[greeting(cloud, "welcome")]
    )
    assert cloud.invoke(Qualifier="1")["Payload"][0] == "hello"
    assert cloud.invoke()["Payload"][0] == "welcome"


def test_missing_layer_is_named(cloud: Lambda) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:layer:none:1"
    with pytest.raises(ClientError, match=f"Layer version {arn} does not exist"):
        cloud.create(USES, Layers=[arn])
    cloud.create()
    with pytest.raises(ClientError, match=f"Layer version {arn} does not exist"):
        cloud.client.update_function_configuration(FunctionName="f", Layers=[arn])


def test_function_and_layers_together_have_a_limit(cloud: Lambda) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(200 * 1024 * 1024))
    arns = [
        cloud.client.publish_layer_version(
            LayerName=f"big-{n}", Content={"ZipFile": content.getvalue()}
        )["LayerVersionArn"]
        for n in range(2)
    ]
    cloud.create(Layers=arns[:1], FunctionName="fits")
    with pytest.raises(ClientError, match="combined with layers exceeds the maximum allowed size"):
        cloud.create(Layers=arns)


@pytest.mark.parametrize("path", ["../escaped", "python/../../escaped", "a\\\\..\\\\escaped"])
def test_layer_cannot_leave_its_folder(cloud: Lambda, path: str) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(path, "x")
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        cloud.client.publish_layer_version(
            LayerName="escapes", Content={"ZipFile": content.getvalue()}
        )


def test_layer_that_is_no_zip_is_refused(cloud: Lambda) -> None:
    with pytest.raises(ClientError, match="Could not unzip uploaded file"):
        cloud.client.publish_layer_version(LayerName="l", Content={"ZipFile": b"no archive"})


def lying_bomb(size: int) -> bytes:
    """An archive of 1 KB or so that would unpack to much more than it declares."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(size))
    return content.getvalue().replace(struct.pack("<I", size), struct.pack("<I", 10))


def honest_bomb(files: int, size: int) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(size))
        (entry,) = archive.filelist
        archive.filelist = [copy.copy(entry) for _ in range(files)]
        for number, each in enumerate(archive.filelist):
            each.filename = f"zeros-{number}"
    return content.getvalue()


@pytest.mark.parametrize(
    ("package", "words"),
    [
        (lying_bomb(1024 * 1024), "Could not unzip uploaded file"),
        (honest_bomb(300, 1024 * 1024), "Unzipped size must be smaller than 262144000 bytes"),
    ],
)
def test_bomb_is_refused_before_it_goes_off(cloud: Lambda, package: bytes, words: str) -> None:
    with pytest.raises(ClientError, match=words):
        cloud.client.publish_layer_version(LayerName="bomb", Content={"ZipFile": package})
    with pytest.raises(ClientError, match=words):
        cloud.create(Code={"ZipFile": package})
