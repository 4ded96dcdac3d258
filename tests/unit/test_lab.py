"""Starting, restarting and stopping the lab."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from labsupport import Lab, LabError

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


def run(script: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_plain_clients_reach_the_lab(lab: Lab) -> None:
    assert boto3.client("sts").get_caller_identity()["Account"] == lab.account_id == "123456789012"
    assert boto3.client("s3").meta.endpoint_url == lab.endpoint
    assert boto3.client("lambda").meta.region_name == lab.region == "us-east-1"
    assert boto3.resource("s3").meta.client.meta.endpoint_url == lab.endpoint
    assert os.environ["AWS_ENDPOINT_URL"] == lab.endpoint


def test_another_region_is_a_place_of_its_own() -> None:
    with Lab.start(region="eu-central-1") as lab:
        boto3.client("sqs").create_queue(QueueName="here")
        assert boto3.client("sqs").meta.region_name == lab.region == "eu-central-1"
        assert "QueueUrls" not in boto3.client("sqs", region_name="us-east-1").list_queues()


def test_starting_again_gives_a_fresh_cloud_and_a_new_key(lab: Lab) -> None:
    boto3.client("s3").create_bucket(Bucket="photos")
    boto3.client("sqs").create_queue(QueueName="orders")
    key, client = os.environ["AWS_ACCESS_KEY_ID"], boto3.client("s3")
    with Lab.start() as again:
        assert not lab.running
        assert again.running
        assert os.environ["AWS_ACCESS_KEY_ID"] != key
        assert boto3.client("s3").list_buckets()["Buckets"] == []
        assert "QueueUrls" not in boto3.client("sqs").list_queues()
        with pytest.raises(BotoCoreError, match="belongs to a lab that has been stopped"):
            client.list_buckets()
        lab.stop()
        assert again.running
        assert os.environ["AWS_ENDPOINT_URL"] == again.endpoint


def test_stop_ends_everything_and_may_be_called_twice() -> None:
    before = dict(os.environ)
    lab = Lab.start()
    port = int(lab.endpoint.rpartition(":")[2])
    lab.stop()
    lab.stop()
    assert dict(os.environ) == before
    with pytest.raises(ConnectionError), socket.create_connection(("127.0.0.1", port), 5):
        pass


def test_a_lab_leaves_when_its_block_fails() -> None:
    before = dict(os.environ)
    with pytest.raises(ZeroDivisionError), Lab.start():
        raise ZeroDivisionError
    assert dict(os.environ) == before


def test_a_given_port_is_used_and_a_taken_one_is_one_sentence() -> None:
    before = dict(os.environ)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LabError, match=f"^Port {port} on 127.0.0.1 cannot be used"):
            Lab.start(port=port)
    assert dict(os.environ) == before
    with Lab.start(port=port) as lab:
        assert lab.endpoint == f"http://127.0.0.1:{port}"
        with Lab.start(port=port) as again:
            assert again.endpoint == lab.endpoint
            boto3.client("s3").list_buckets()


@pytest.mark.parametrize(
    "arguments",
    [
        {"speed": 0},
        {"speed": "fast"},
        {"port": "80"},
        {"port": 70000},
        {"region": "Frankfurt"},
        {"region": None},
    ],
)
def test_an_argument_that_makes_no_sense_is_one_sentence(arguments: dict[str, Any]) -> None:
    before = dict(os.environ)
    with pytest.raises(LabError, match=r"^[^\n]*\.$") as refused:
        Lab.start(**arguments)
    assert refused.value._render_traceback_() == [f"LabValueError: {refused.value}"]
    assert dict(os.environ) == before


def test_a_wrong_argument_leaves_the_running_lab_alone(lab: Lab) -> None:
    for arguments in ({"speed": -1}, {"port": -1}, {"region": ""}):
        with pytest.raises(LabError):
            Lab.start(**arguments)  # type: ignore[arg-type]
    assert lab.running
    boto3.client("s3").list_buckets()


def test_the_clock_runs_at_the_speed_asked_for() -> None:
    with Lab.start(speed=120) as lab:
        before = lab.clock.now()
        lab.clock.advance(hours=8)
        assert (lab.clock.now() - before).total_seconds() >= 8 * 3600
        assert lab.clock.speed == 120


def test_without_moto_one_sentence_says_what_to_do() -> None:
    done = run(
        """
        import sys
        sys.modules["moto"] = None
        from labsupport import Lab, LabError
        try:
            Lab.start()
        except LabError as error:
            print(error)
        """
    )
    assert "The lab cloud needs moto" in done.stdout, done.stderr
    assert "python3 -m course lab" in done.stdout
    assert done.stdout.count("\n") == 1


def test_leaving_python_ends_the_lab_quietly() -> None:
    done = run("from labsupport import Lab; Lab.start(); print('bye')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "bye\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_end_its_parent_s_lab() -> None:
    done = run(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        import boto3
        from labsupport import Lab
        lab = Lab.start()
        sqs = boto3.client("sqs")
        sqs.create_queue(QueueName="before")
        child = os.fork()
        if child == 0:
            lab.stop()
            boto3.client("sqs").create_queue(QueueName="by-the-child")
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        names = [url.rsplit("/", 1)[1] for url in sqs.list_queues()["QueueUrls"]]
        print(lab.running, sorted(names))
        """
    )
    assert done.stdout == "True ['before', 'by-the-child']\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_at_once_can_use_what_was_still_being_imported() -> None:
    done = run(
        """
        import os, sys, warnings
        warnings.simplefilter("ignore")
        from labsupport import Lab
        lab = Lab.start()
        child = os.fork()
        if child == 0:
            import moto.awslambda.models
            print("imported")
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        """
    )
    assert done.stdout == "imported\n", done.stderr


def test_a_data_plane_that_cannot_start_is_told_by_every_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import labsupport.functions

    def no_room(**arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(labsupport.functions, "DataPlane", no_room)
    before = dict(os.environ)
    with Lab.start() as lab:
        assert "No space left on device" in lab.isolation
        assert "No space left on device" in repr(lab)
        client = boto3.client("sqs", config=Config(retries={"total_max_attempts": 1}))
        with pytest.raises(ClientError, match="No space left on device"):
            client.list_queues()
    assert dict(os.environ) == before


def test_a_full_disk_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    def no_room(**arguments: Any) -> str:
        raise OSError(28, "No space left on device")

    before = dict(os.environ)
    monkeypatch.setattr(tempfile, "mkdtemp", no_room)
    with pytest.raises(LabError, match=r"^The lab cannot write .*No space left.*TMPDIR\.$"):
        Lab.start()
    assert dict(os.environ) == before


def test_two_processes_have_two_labs(lab: Lab) -> None:
    done = run(
        """
        import boto3
        from labsupport import Lab
        with Lab.start() as lab:
            print(lab.endpoint, boto3.client("s3").list_buckets()["Buckets"])
        """
    )
    boto3.client("s3").create_bucket(Bucket="mine")
    assert done.stdout.endswith(" []\n"), done.stderr
    assert lab.endpoint not in done.stdout


def test_the_package_is_light_until_a_lab_is_wanted() -> None:
    done = run(
        """
        import sys
        import labsupport.facts
        heavy = {"boto3", "botocore", "moto", "flask", "labsupport.lab", "IPython", "pydantic"}
        print(sorted(heavy & set(sys.modules)))
        from labsupport import Lab
        Lab.start()
        print(sorted({"IPython", "pydantic", "sqlalchemy", "matplotlib"} & set(sys.modules)))
        """
    )
    assert done.stdout == "[]\n[]\n", done.stderr


def test_the_panel_says_what_runs(lab: Lab) -> None:
    text, page = repr(lab), lab._repr_html_()
    for value in (lab.endpoint, lab.region, lab.account_id, lab.isolation, "60× faster"):
        assert value in text
        assert value.replace("'", "&#x27;") in page
    assert lab._repr_mimebundle_() == {"text/plain": text, "text/html": page}
    lab.stop()
    assert repr(lab) == "Lab cloud stopped."


def test_a_notebook_shows_the_panel_once() -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    cells = [
        "from labsupport import Lab\nlab = Lab.start()",
        "Lab.start()",
        "lab = Lab.start()\nlab",
        "lab",
        "lab.stop()",
        "lab",
        "Lab.start(speed=0)",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(
        notebook,
        timeout=60,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(ROOT)}},
    ).execute()
    shown = [cell.outputs for cell in notebook.cells]
    for outputs in shown[:4]:
        [output] = outputs
        assert "Nothing here reaches AWS." in output.data["text/plain"]
        assert "<table" in output.data["text/html"]
    assert shown[4] == []
    assert shown[5][0].data["text/plain"] == "Lab cloud stopped."
    [error] = shown[6]
    assert error.output_type == "error"
    assert [line for line in error.traceback if "File" in line] == []
    assert "cannot run at speed 0" in "".join(error.traceback)
