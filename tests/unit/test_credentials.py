"""Real credentials stay hidden, and nothing leaves the machine, while a lab runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import BotoCoreError

from labsupport.credentials import (
    Mask,
    guard,
    handler_environment,
    is_this_machine,
    new_credentials,
)
from labsupport.errors import LabError

ROOT = Path(__file__).resolve().parents[2]
AWS = Path(sys.executable).with_name("aws")
ENDPOINT = "http://127.0.0.1:9"
REAL_KEY = "AKIAREALREALREALREAL"
REAL_ENVIRONMENT = {
    "AWS_PROFILE": "production",
    "AWS_DEFAULT_PROFILE": "production",
    "AWS_ACCESS_KEY_ID": REAL_KEY,
    "AWS_SECRET_ACCESS_KEY": "real-secret",
    "AWS_SESSION_TOKEN": "real-token",
    "AWS_SECURITY_TOKEN": "real-token",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    "AWS_ACCOUNT_ID": "999999999999",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "required",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "https://real.example.com",
    "AWS_ENDPOINT_URL_S3": "https://s3.real.example.com",
    "AWS_ENDPOINT_URL_LAMBDA": "https://lambda.real.example.com",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
    "AWS_USE_FIPS_ENDPOINT": "true",
    "AWS_USE_DUALSTACK_ENDPOINT": "true",
    "AWS_ROLE_ARN": "arn:aws:iam::999999999999:role/admin",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/token",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials",
    "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
    "AWS_S3_USE_ARN_REGION": "true",
    "AWS_CA_BUNDLE": "/nowhere/bundle.pem",
    "AWS_MAX_ATTEMPTS": "10",
    "AWS_PAGER": "less",
    "AWS_BEARER_TOKEN_BEDROCK": "real-bearer",
    "BOTO_CONFIG": "/nowhere/boto.cfg",
    "BOTOCORE_EXPERIMENTAL__PLUGINS": "spy=spy",
    "MOTO_ACCOUNT_ID": "999999999999",
    "HTTP_PROXY": "http://10.9.8.7:3128",
    "HTTPS_PROXY": "http://10.9.8.7:3128",
    "http_proxy": "http://10.9.8.7:3128",
    "no_proxy": "intranet.example.com",
}
# Ends a process that tries to reach, or even to look up, any other machine.
FENCE = """
import ipaddress, os, sys

def fence(event, arguments):
    if event == "socket.connect":
        address = arguments[1]
    elif event == "socket.getaddrinfo":
        address = arguments
    else:
        return
    host = address[0] if isinstance(address, tuple) else None
    if host is None or host == "localhost":
        return
    try:
        inside = ipaddress.ip_address(host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        os.write(2, f"LEFT THE MACHINE: {event} {arguments!r}".encode())
        os._exit(97)

sys.addaudithook(fence)
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder that leads to a real account in every way there is."""
    folder = tmp_path / ".aws"
    folder.mkdir()
    stolen = tmp_path / "credential-process-was-run"
    (folder / "config").write_text(
        textwrap.dedent(f"""
        [default]
        region = eu-west-1
        credential_process = {sys.executable} -c "open({str(stolen)!r}, 'w')"
        endpoint_url = https://real.example.com
        services = real
        use_fips_endpoint = true
        cli_pager = less

        [profile production]
        sso_start_url = https://real.awsapps.com/start
        sso_region = eu-west-1
        sso_account_id = 999999999999
        sso_role_name = admin
        region = eu-west-1

        [services real]
        s3 =
          endpoint_url = https://s3.real.example.com
        """)
    )
    (folder / "credentials").write_text(
        f"[default]\naws_access_key_id = {REAL_KEY}\naws_secret_access_key = real-secret\n"
        "[other]\naws_access_key_id = AKIAOTHEROTHEROTHER0\naws_secret_access_key = other-secret\n"
    )
    (tmp_path / "fence").mkdir()
    (tmp_path / "fence" / "sitecustomize.py").write_text(FENCE)
    return tmp_path


def run_fenced(home: Path, script: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **REAL_ENVIRONMENT,
        "HOME": str(home),
        "USERPROFILE": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join([str(home / "fence"), str(ROOT)]),
        "CLI": str(AWS),
    }
    if "SYSTEMROOT" in os.environ:
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_the_fence_of_these_tests_holds(home: Path) -> None:
    done = run_fenced(home, "import socket; socket.create_connection(('10.1.2.3', 80))")
    assert done.returncode == 97
    assert "LEFT THE MACHINE" in done.stderr


def test_no_client_of_this_process_leaves_the_machine(home: Path) -> None:
    done = run_fenced(
        home,
        """
        import os
        # These would keep the clients below from being made at all.
        for name in ("AWS_CA_BUNDLE", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
            del os.environ[name]
        del os.environ["AWS_CREDENTIAL_EXPIRATION"]
        import boto3, botocore.session
        early_client = boto3.client("s3")
        early_session = boto3.Session(profile_name="other")
        early_session.get_credentials()
        single_sign_on = botocore.session.Session(profile="production")
        single_sign_on.full_config
        before = dict(os.environ)
        default = boto3.DEFAULT_SESSION

        from labsupport import Lab, LabError
        from botocore.exceptions import BotoCoreError, ClientError
        lab = Lab.start()

        def outside(call):
            try:
                call()
            except BotoCoreError as error:
                assert isinstance(error, LabError), repr(error)
                assert str(error).count(". ") == 0 and str(error).endswith("."), str(error)
                print("refused here:", error)
            else:
                raise AssertionError("not refused")

        def unknown(call):
            try:
                call()
            except ClientError as error:
                assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403, error
            else:
                raise AssertionError("not refused")

        for name, operation in {
            "s3": "list_buckets", "lambda": "list_functions", "sts": "get_caller_identity",
            "dynamodb": "list_tables", "sqs": "list_queues", "iam": "list_users",
            "cloudwatch": "list_metrics", "logs": "describe_log_groups",
            "rds": "describe_db_instances",
        }.items():
            client = boto3.client(name)
            getattr(client, operation)()
            assert client.meta.region_name == "us-east-1", client.meta.region_name
        assert boto3.client("sts").get_caller_identity()["Account"] == "123456789012"
        assert boto3.Session().available_profiles == []
        states = boto3.client("stepfunctions")
        try:
            states.start_sync_execution(stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:x")
        except ClientError:
            pass  # its host would be sync-127.0.0.1

        outside(early_client.list_buckets)
        outside(boto3.client("s3", endpoint_url="https://s3.amazonaws.com").list_buckets)
        outside(boto3.client("dynamodb", endpoint_url="http://10.1.2.3:8000").list_tables)
        outside(boto3.client("dynamodb", endpoint_url="http://localhost.example.com").list_tables)
        unknown(early_session.client("s3").list_buckets)
        unknown(boto3.Session(aws_access_key_id="AKIAREALREALREALREAL",
                              aws_secret_access_key="real-secret").client("sqs").list_queues)
        try:
            single_sign_on.create_client("s3").list_buckets()
        except BotoCoreError:
            pass
        else:
            raise AssertionError("not refused")
        client = boto3.client("s3")

        lab.stop()
        assert dict(os.environ) == before, set(os.environ.items()) ^ set(before.items())
        assert boto3.DEFAULT_SESSION is default
        lab = Lab.start()
        outside(client.list_buckets)
        lab.stop()
        print("done")
        """,
    )
    assert done.returncode == 0, done.stderr
    assert "done" in done.stdout
    assert "nothing may reach AWS" in done.stdout
    assert "belongs to a lab that has been stopped" in done.stdout
    assert not (home / "credential-process-was-run").exists()


def test_the_aws_command_stays_in_the_lab(home: Path) -> None:
    done = run_fenced(
        home,
        """
        import os, subprocess
        from labsupport import Lab
        with Lab.start():
            def aws(*words):
                done = subprocess.run([os.environ["CLI"], *words], capture_output=1, text=1)
                print(words, done.returncode, done.stdout, done.stderr)
                return done
            for service, operation in {
                "lambda": "list-functions", "sqs": "list-queues", "emr": "list-clusters",
                "rds": "describe-db-instances", "docdb": "describe-db-clusters",
            }.items():
                assert aws(service, operation).returncode == 0
            assert aws("health", "describe-events").returncode != 97  # moto does not have it
            missing = aws("--profile", "other", "s3", "ls")
            assert missing.returncode not in (0, 97)
            assert "could not be found" in missing.stderr
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "LEFT" not in done.stdout
    assert not (home / "credential-process-was-run").exists()


def test_every_service_the_aws_command_sends_elsewhere_is_led_back() -> None:
    from labsupport.awscli import REDIRECTED

    script = "from awscli.customizations.overridesslcommonname import SSL_COMMON_NAMES as n\n"
    script += "import json; print(json.dumps(sorted(n)))"
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(found.stdout) == sorted(name.partition("/")[0] for name in REDIRECTED)


def test_the_mask_restores_the_environment_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REAL_ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session := object())
    before = dict(os.environ)
    mask = Mask(ENDPOINT, "us-east-1", new_credentials())
    mask.put_on()
    masked = dict(os.environ)
    assert boto3.DEFAULT_SESSION is None
    rules = Path(os.environ["AWS_DATA_PATH"])
    assert rules.is_dir()
    mask.take_off()
    mask.take_off()
    assert dict(os.environ) == before
    assert boto3.DEFAULT_SESSION is session
    assert not rules.exists()
    hidden = ("real", "999999999999", "production", REAL_KEY)
    leaks = {
        name: value
        for name, value in masked.items()
        if name.startswith(("AWS", "BOTO", "MOTO")) and any(text in value for text in hidden)
    }
    assert leaks == {}


def test_what_is_said_to_the_lab_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "intranet.example.com")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://10.9.8.7:3128")
    mask = Mask(ENDPOINT, "us-east-1", new_credentials())
    mask.put_on()
    try:
        hosts = os.environ["no_proxy"].split(",")
        assert {"127.0.0.1", "amazonaws.com", "intranet.example.com"} <= set(hosts)
        assert "127.0.0.1" in os.environ["NO_PROXY"]
        assert os.environ["HTTPS_PROXY"] == "http://10.9.8.7:3128"
    finally:
        mask.take_off()


def test_a_proxy_for_nothing_at_all_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    mask = Mask(ENDPOINT, "us-east-1", new_credentials())
    mask.put_on()
    try:
        assert os.environ["no_proxy"] == "*"
    finally:
        mask.take_off()


def test_two_masks_open_the_world_again_only_when_both_are_off() -> None:
    from botocore.httpsession import URLLib3Session

    send = URLLib3Session.send
    first = Mask(ENDPOINT, "us-east-1", new_credentials())
    second = Mask("http://127.0.0.1:10", "us-east-1", new_credentials())
    first.put_on()
    second.put_on()
    second.take_off()
    assert URLLib3Session.send is not send
    with pytest.raises(LabError):
        boto3.client("s3", endpoint_url="https://s3.amazonaws.com").list_buckets()
    first.take_off()
    assert URLLib3Session.send is send


def test_the_refusal_is_botocore_s_kind_of_error_and_one_sentence() -> None:
    with pytest.raises(BotoCoreError) as refused:
        guard.check("https://s3.amazonaws.com/bucket?secret=1")
    assert isinstance(refused.value, LabError)
    assert str(refused.value) == (
        "This call would go to https://s3.amazonaws.com, but while a lab runs nothing may reach "
        "AWS: make the client again with plain boto3.client(…), or end the lab with lab.stop()."
    )


@pytest.mark.parametrize(
    ("host", "inside"),
    [
        ("127.0.0.1", True),
        ("127.8.9.10", True),
        ("localhost", True),
        ("::1", True),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("s3.amazonaws.com", False),
        ("127.0.0.1.example.com", False),
        ("bucket.localhost.example.com", False),
        ("", False),
        (None, False),
    ],
)
def test_only_loopback_addresses_are_this_machine(host: Any, inside: bool) -> None:
    assert is_this_machine(host) is inside


def test_keys_are_random_look_like_aws_s_and_keep_their_secret() -> None:
    one, other = new_credentials(), new_credentials()
    assert one.access_key_id != other.access_key_id
    assert one.secret_access_key != other.secret_access_key
    assert len(one.secret_access_key) == 40
    assert len(one.access_key_id) == 20
    assert one.access_key_id.isalnum()
    assert one.access_key_id.isupper()
    assert one.secret_access_key not in repr(one)


def test_a_handler_s_variables_hold_no_key() -> None:
    variables = handler_environment(ENDPOINT, "eu-central-1")
    assert variables["AWS_ENDPOINT_URL"] == ENDPOINT
    assert variables["AWS_REGION"] == variables["AWS_DEFAULT_REGION"] == "eu-central-1"
    assert not any("KEY" in name or "TOKEN" in name for name in variables)
