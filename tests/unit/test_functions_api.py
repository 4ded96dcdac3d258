"""Lambda's API: calls recognised and checked by the service model."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import ClientError
from botocore.session import Session

from labsupport import Lab
from labsupport.functions.api.api_checks import check
from labsupport.functions.api.api_model import Call, read_call
from labsupport.functions.errors import ServiceError
from tests.unit.functions_lab import Lambda, wait_until

SCOPE = "AWS4-HMAC-SHA256 Credential=AKIA/20261121/eu-west-1/lambda/aws4_request"


@pytest.fixture
def cloud() -> Iterator[Lambda]:
    with Lab.start() as lab:
        yield Lambda(lab)


def call_of(method: str, path: str, query: str = "", body: bytes = b"") -> Call | None:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "HTTP_AUTHORIZATION": SCOPE,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    return read_call(environ, "request")


def signed_call(cloud: Lambda, method: str, path: str, body: Any) -> urllib3.BaseHTTPResponse:
    """Call Lambda as no SDK would, which looks at types itself."""
    credentials = Session().get_credentials()
    request = AWSRequest(method, cloud.lab.endpoint + path, data=json.dumps(body))
    SigV4Auth(credentials, "lambda", "us-east-1").add_auth(request)
    headers = dict(request.headers)
    return urllib3.request(
        method, str(request.url), body=request.data, headers=headers, timeout=20, retries=False
    )


def test_call_is_read_from_path_query_and_body() -> None:
    body = json.dumps({"Description": "first"}).encode()
    call = call_of("POST", "/2015-03-31/functions/f/versions", body=body)
    assert call is not None
    assert (call.action, call.region, call.request_id) == ("PublishVersion", "eu-west-1", "request")
    assert call.parameters == {"Description": "first", "FunctionName": "f"}
    path = "/2015-03-31/functions/f/aliases"
    call = call_of("GET", path, "FunctionVersion=3&MaxItems=7")
    assert call is not None
    assert call.parameters == {"FunctionName": "f", "FunctionVersion": "3", "MaxItems": 7}


def test_actions_that_differ_in_their_query_are_told_apart() -> None:
    path = "/2019-09-30/functions/f/provisioned-concurrency"
    one, all_ = call_of("GET", path, "Qualifier=1"), call_of("GET", path, "List=ALL")
    assert one is not None
    assert one.action == "GetProvisionedConcurrencyConfig"
    assert all_ is not None
    assert all_.action == "ListProvisionedConcurrencyConfigs"


def test_no_action_is_none() -> None:
    assert call_of("PATCH", "/2015-03-31/functions/f/versions") is None


def test_body_that_is_no_json_is_refused() -> None:
    with pytest.raises(ServiceError, match="Could not parse request body into json"):
        call_of("POST", "/2015-03-31/functions/f/versions", body=b"{")


@pytest.mark.parametrize(
    ("action", "parameters", "message"),
    [
        (
            "CreateAlias",
            {"FunctionName": "f", "Name": "live"},
            "1 validation error detected: Value null at 'functionVersion' failed to satisfy "
            "constraint: Member must not be null",
        ),
        (
            "ListVersionsByFunction",
            {"FunctionName": "f", "MaxItems": 10001},
            "1 validation error detected: Value '10001' at 'maxItems' failed to satisfy "
            "constraint: Member must have value less than or equal to 10000",
        ),
        (
            "Invoke",
            {"FunctionName": "f", "InvocationType": "Later"},
            "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy "
            "constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]",
        ),
        (
            "UpdateFunctionConfiguration",
            {"FunctionName": "f", "Timeout": 901, "MemorySize": 64},
            "2 validation errors detected: Value '901' at 'timeout' failed to satisfy constraint: "
            "Member must have value less than or equal to 900; Value '64' at 'memorySize' failed "
            "to satisfy constraint: Member must have value greater than or equal to 128",
        ),
    ],
)
def test_parameters_are_refused_in_the_words_of_aws(
    action: str, parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(ServiceError) as caught:
        check(Call(action, "us-east-1", parameters))
    assert caught.value.code == "ValidationException"
    assert caught.value.message == message


def test_members_of_a_list_are_refused_together() -> None:
    arguments = {"FunctionName": "f", "Layers": ["nonsense"]}
    with pytest.raises(
        ServiceError, match=r"Value '\[nonsense\]' at 'layers' .*Member must have len"
    ):
        check(Call("UpdateFunctionConfiguration", "us-east-1", arguments))


def test_structures_in_a_list_are_refused_by_their_number() -> None:
    systems = [{"Arn": "x", "LocalMountPath": "/mnt/x"}]
    with pytest.raises(ServiceError, match=r"at 'fileSystemConfigs\.1\.member\.arn' failed"):
        check(
            Call(
                "UpdateFunctionConfiguration",
                "us-east-1",
                {"FunctionName": "f", "FileSystemConfigs": systems},
            )
        )


NO_TYPES: list[Any] = [5, 1.5, True, "x", [], {}, ["x"], {"a": "b"}, [None], [5], {"a": [5]}]


@pytest.mark.parametrize(
    ("path", "member"),
    [
        ("PUT functions/f/configuration", "Role"),
        ("PUT functions/f/configuration", "MemorySize"),
        ("PUT functions/f/configuration", "Environment"),
        ("PUT functions/f/configuration", "Layers"),
        ("PUT functions/f/code", "ZipFile"),
        ("PUT functions/f/aliases/live", "FunctionVersion"),
        ("POST functions", "FunctionName"),
        ("POST functions", "Code"),
    ],
)
def test_no_json_type_is_a_fault_of_the_lab(cloud: Lambda, path: str, member: str) -> None:
    cloud.create()
    cloud.client.publish_version(FunctionName="f")
    cloud.client.create_alias(FunctionName="f", Name="live", FunctionVersion="1")
    method, where = path.split()
    create = {"FunctionName": "g", "Role": cloud.role, "Code": {}} if method == "POST" else {}
    for value in NO_TYPES:
        answer = signed_call(cloud, method, f"/2015-03-31/{where}", create | {member: value})
        assert answer.status in (200, 400), (value, answer.data)


def test_value_of_another_json_type_is_refused(cloud: Lambda) -> None:
    cloud.create()
    answer = signed_call(
        cloud, "PUT", "/2015-03-31/functions/f/configuration", {"MemorySize": "big"}
    )
    assert answer.headers["x-amzn-ErrorType"] == "SerializationException"
    assert answer.json()["message"] == "STRING_VALUE can not be converted to an Integer"


def test_name_of_a_function_has_its_limit(cloud: Lambda) -> None:
    cloud.create(FunctionName="x" * 64)
    with pytest.raises(ClientError, match="length less than or equal to 64"):
        cloud.create(FunctionName="x" * 65)


def test_handler_has_its_limit(cloud: Lambda) -> None:
    with pytest.raises(ClientError, match="length less than or equal to 128"):
        cloud.create(Handler="x" * 129)


def test_action_that_the_lab_lacks_is_refused_in_a_sentence(cloud: Lambda) -> None:
    with pytest.raises(ClientError) as caught:
        cloud.client.list_code_signing_configs()
    error = caught.value.response["Error"]
    assert error["Code"] == "NotImplementedException"
    assert error["Message"].startswith("The lab has nothing for ListCodeSigningConfigs")


def test_invoke_async_is_an_event(cloud: Lambda) -> None:
    cloud.create("import time\ndef handler(event, context):\n    time.sleep(2)\n    1 / 0\n")
    cloud.client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    assert cloud.client.invoke_async(FunctionName="f", InvokeArgs=b"{}")["Status"] == 202
    assert not cloud.lab.history.invocations, "the handler still works"
    with pytest.raises(ClientError, match="Could not parse request body into json"):
        cloud.client.invoke_async(FunctionName="f", InvokeArgs=b"{")
    wait_until(lambda: len(cloud.lab.history.invocations) == 2)
    assert {made.invocation_type for made in cloud.lab.history.invocations} == {"Event"}
