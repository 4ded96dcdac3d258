"""The lab's door: who may come in, and in what words the others are refused."""

from __future__ import annotations

import http.client
import io
import json
import os
import threading
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.client import Config
from botocore.exceptions import ClientError

from labsupport.errors import LabError, LabValueError
from labsupport.gateway import Gateway, Route, access_key_id
from labsupport.lab import _reset_moto

KEY = "AKIAABCDEFGHIJKLMNOP"
STRANGER = "AKIAZZZZZZZZZZZZZZZZ"


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway(KEY)
    yield gateway
    gateway.close()
    _reset_moto()


def client(
    gateway: Gateway, service: str, key: str = KEY, token: str | None = None, **config: Any
) -> Any:
    return boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url=gateway.endpoint,
        aws_access_key_id=key,
        aws_secret_access_key="secret",
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}, **config),
    )


def fetch(
    gateway: Gateway,
    method: str,
    url: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> tuple[int, bytes]:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(urlsplit(gateway.endpoint).netloc, timeout=10)
    target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path
    connection.request(method, target, body=body, headers=headers or {})
    response = connection.getresponse()
    data = response.read()
    connection.close()
    return response.status, data


@pytest.mark.parametrize(
    ("service", "operation", "code"),
    [
        ("lambda", "list_functions", "UnrecognizedClientException"),
        ("dynamodb", "list_tables", "UnrecognizedClientException"),
        ("logs", "describe_log_groups", "UnrecognizedClientException"),
        ("sqs", "list_queues", "InvalidClientTokenId"),
        ("cloudwatch", "list_metrics", "InvalidClientTokenId"),
        ("sts", "get_caller_identity", "InvalidClientTokenId"),
        ("sns", "list_topics", "InvalidClientTokenId"),
        ("s3", "list_buckets", "InvalidAccessKeyId"),
        ("route53", "list_hosted_zones", "InvalidClientTokenId"),
    ],
)
def test_an_unknown_key_is_refused_in_the_service_s_own_words(
    gateway: Gateway, service: str, operation: str, code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(client(gateway, service, STRANGER), operation)()
    error = refused.value.response
    assert error["Error"]["Code"] == code
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert error["Error"]["Message"] in (
        "The security token included in the request is invalid.",
        "The AWS Access Key Id you provided does not exist in our records.",
    )
    getattr(client(gateway, service), operation)()


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/moto-api/",
        "/moto-api/reset",
        "/moto-api/data.json",
        "/latest/meta-data/",
        "/favicon.ico",
        "/bucket/key",
        "/2015-03-31/functions/f/invocations",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
def test_without_a_key_every_address_is_forbidden(gateway: Gateway, method: str, path: str) -> None:
    assert fetch(gateway, method, path)[0] == 403


@pytest.mark.parametrize(
    "authorization",
    [
        "AWS4-HMAC-SHA256 Credential=/20260101/us-east-1/s3/aws4_request",
        f"AWS4-HMAC-SHA256 Credential={KEY[:-1]}/20260101/us-east-1/s3/aws4_request",
        f"AWS4-HMAC-SHA256 Credential={KEY}X/20260101/us-east-1/s3/aws4_request",
        f"AWS4-HMAC-SHA256 Credential={KEY.lower()}/20260101/us-east-1/s3/aws4_request",
        f"Bearer {KEY}",
        f"AWS4-HMAC-SHA256 {KEY}/20260101",
        "AWS :signature",
        "ä/ö",
    ],
)
def test_a_key_that_is_nearly_right_is_wrong(gateway: Gateway, authorization: str) -> None:
    status, _ = fetch(gateway, "GET", "/", headers={"Authorization": authorization})
    assert status == 403


def test_moto_s_own_interface_needs_the_key_too(gateway: Gateway) -> None:
    scope = f"AWS4-HMAC-SHA256 Credential={KEY}/20260101/us-east-1/s3/aws4_request, Signature=0"
    status, body = fetch(gateway, "GET", "/moto-api/data.json", headers={"Authorization": scope})
    assert status == 200
    json.loads(body)


def test_uploads_of_every_kind_arrive_whole(gateway: Gateway) -> None:
    s3 = client(gateway, "s3")
    s3.create_bucket(Bucket="files")
    data = os.urandom(9 * 1024 * 1024)
    s3.put_object(Bucket="files", Key="bytes", Body=data)
    s3.put_object(Bucket="files", Key="stream", Body=io.BytesIO(data), ChecksumAlgorithm="SHA256")
    s3.upload_fileobj(io.BytesIO(data), "files", "parts")
    s3.put_object(Bucket="files", Key="empty")
    for key in ("bytes", "stream", "parts"):
        assert s3.get_object(Bucket="files", Key=key)["Body"].read() == data
        assert s3.head_object(Bucket="files", Key=key)["ContentLength"] == len(data)
    part = s3.get_object(Bucket="files", Key="bytes", Range="bytes=5-9")["Body"].read()
    assert part == data[5:10]
    assert s3.get_object(Bucket="files", Key="empty")["Body"].read() == b""


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_of_this_lab_opens_and_a_stranger_s_does_not(
    gateway: Gateway, version: str
) -> None:
    s3 = client(gateway, "s3")
    s3.create_bucket(Bucket="photos")
    for key, expected in ((KEY, 200), (STRANGER, 403)):
        signer = client(gateway, "s3", key, signature_version=version)
        names = {"Bucket": "photos", "Key": "cat.jpg"}
        put = signer.generate_presigned_url("put_object", Params=names)
        assert fetch(gateway, "PUT", put, b"meow")[0] == expected
        get = signer.generate_presigned_url("get_object", Params=names)
        assert fetch(gateway, "GET", get)[0] == expected
    assert s3.get_object(Bucket="photos", Key="cat.jpg")["Body"].read() == b"meow"


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("size", [10, 2_000_000])
def test_a_presigned_post_of_this_lab_uploads_and_a_stranger_s_does_not(
    gateway: Gateway, version: str, size: int
) -> None:
    s3 = client(gateway, "s3")
    s3.create_bucket(Bucket="photos")
    for key, allowed in ((KEY, True), (STRANGER, False)):
        signer = client(gateway, "s3", key, signature_version=version)
        post = signer.generate_presigned_post("photos", f"{key}.jpg")
        form = b"".join(
            f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in post["fields"].items()
        )
        form += b'--B\r\nContent-Disposition: form-data; name="file"\r\n\r\n' + b"m" * size
        kind = {"Content-Type": "multipart/form-data; boundary=B"}
        status, _ = fetch(gateway, "POST", post["url"], form + b"\r\n--B--\r\n", kind)
        assert (status != 403) is allowed
    stored = [item["Key"] for item in s3.list_objects_v2(Bucket="photos")["Contents"]]
    assert stored == [f"{KEY}.jpg"]


def test_the_keys_of_an_assumed_role_open_the_door(gateway: Gateway) -> None:
    session = client(gateway, "sts").assume_role(
        RoleArn="arn:aws:iam::123456789012:role/reader", RoleSessionName="greeter"
    )["Credentials"]
    sts = client(gateway, "sts", session["AccessKeyId"], session["SessionToken"])
    assert sts.get_caller_identity()["Arn"].endswith(":assumed-role/reader/greeter")


def test_a_user_s_key_opens_the_door_until_it_is_made_inactive_or_deleted(
    gateway: Gateway,
) -> None:
    iam = client(gateway, "iam")
    iam.create_user(UserName="ada")
    key = iam.create_access_key(UserName="ada")["AccessKey"]["AccessKeyId"]
    sqs = client(gateway, "sqs", key)
    sqs.list_queues()
    for status, allowed in (("Inactive", False), ("Active", True)):
        iam.update_access_key(UserName="ada", AccessKeyId=key, Status=status)
        if allowed:
            sqs.list_queues()
        else:
            with pytest.raises(ClientError, match="InvalidClientTokenId"):
                sqs.list_queues()
    iam.delete_access_key(UserName="ada", AccessKeyId=key)
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        sqs.list_queues()


def test_a_route_takes_its_requests_and_leaves_the_rest_to_moto(gateway: Gateway) -> None:
    def invoke(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("X-Amz-Executed-Version", "7")])
        return [b"invoked " + environ["PATH_INFO"].encode()]

    gateway.add_route(Route(lambda environ: environ["PATH_INFO"].endswith("/invocations"), invoke))
    functions = client(gateway, "lambda")
    answer = functions.invoke(FunctionName="arn:aws:lambda:us-east-1:123456789012:function:f:1")
    assert answer["ExecutedVersion"] == "7"
    assert (
        answer["Payload"]
        .read()
        .endswith(b"/arn:aws:lambda:us-east-1:123456789012:function:f:1/invocations")
    )
    assert functions.list_functions()["Functions"] == []
    with pytest.raises(ClientError, match="UnrecognizedClient"):
        client(gateway, "lambda", STRANGER).invoke(FunctionName="f")


def test_an_unsigned_route_answers_anybody(gateway: Gateway) -> None:
    def public(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"welcome"]

    gateway.add_route(Route(lambda environ: environ["PATH_INFO"] == "/url", public, signed=False))
    assert fetch(gateway, "GET", "/url") == (200, b"welcome")
    assert fetch(gateway, "GET", "/url/other")[0] == 403


def test_what_the_cloud_does_not_have_is_said_once_and_not_retried(gateway: Gateway) -> None:
    def missing(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise NotImplementedError("The frobnicate action has not been implemented")

    gateway.add_route(Route(lambda environ: True, missing))
    with pytest.raises(ClientError) as failed:
        client(gateway, "lambda").list_functions()
    assert failed.value.response["Error"]["Code"] == "NotImplemented"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.parametrize("service", ["lambda", "dynamodb", "sts", "s3", "cloudwatch"])
def test_a_fault_of_the_cloud_reaches_the_caller_as_aws_s_own(
    gateway: Gateway, service: str
) -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise FileNotFoundError("gone")

    gateway.add_route(Route(lambda environ: True, broken))
    operation = {
        "lambda": "list_functions",
        "dynamodb": "list_tables",
        "sts": "get_caller_identity",
        "s3": "list_buckets",
        "cloudwatch": "list_metrics",
    }[service]
    with pytest.raises(ClientError) as failed:
        getattr(client(gateway, service), operation)()
    assert failed.value.response["Error"]["Code"] == "InternalFailure"
    assert "gone" in failed.value.response["Error"]["Message"]


def test_requests_wait_for_what_is_prepared_in_the_background(gateway: Gateway) -> None:
    go, prepared, waiting = threading.Event(), threading.Event(), threading.Event()

    class Noticed(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waiting.set()
            return super().wait(timeout)

    def prepare() -> None:
        go.wait(10)
        prepared.set()

    def route(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"after" if prepared.is_set() else b"before"]

    gateway.add_route(Route(lambda environ: True, route, signed=False))
    gateway._ready = Noticed()
    gateway._ready.set()
    gateway.prepare(prepare)
    answers: list[tuple[int, bytes]] = []
    asking = threading.Thread(target=lambda: answers.append(fetch(gateway, "GET", "/")))
    asking.start()
    assert waiting.wait(10)
    assert answers == []
    go.set()
    asking.join(10)
    assert answers == [(200, b"after")]


def test_a_failed_preparation_is_reported_by_every_request(gateway: Gateway) -> None:
    def prepare() -> None:
        raise RuntimeError("no space left")

    gateway.prepare(prepare)
    with pytest.raises(ClientError, match="no space left"):
        client(gateway, "lambda").list_functions()


def test_a_port_in_use_is_one_sentence(gateway: Gateway) -> None:
    port = urlsplit(gateway.endpoint).port
    assert port is not None
    with pytest.raises(LabError, match=f"^Port {port} on 127.0.0.1 cannot be used .*free one.$"):
        Gateway(KEY, port=port)


@pytest.mark.parametrize("port", [-1, 65536, "80", 80.0, True, None])
def test_a_port_that_is_none_is_one_sentence(port: Any) -> None:
    with pytest.raises(LabValueError, match="is not a port"):
        Gateway(KEY, port=port)


@pytest.mark.parametrize(
    ("environ", "key"),
    [
        ({"HTTP_AUTHORIZATION": "AWS4-HMAC-SHA256 Credential=A/1/2/3/4,Signature=x"}, "A"),
        ({"HTTP_AUTHORIZATION": "AWS4-ECDSA-P256-SHA256 Credential=A/1/3/4"}, "A"),
        ({"HTTP_AUTHORIZATION": "AWS A:signature"}, "A"),
        ({"QUERY_STRING": "X-Amz-Credential=A%2F1%2F2&X-Amz-Date=3"}, "A"),
        ({"QUERY_STRING": "AWSAccessKeyId=A&Signature=x"}, "A"),
        ({"QUERY_STRING": "X-Amz-Credential=A"}, None),
        ({"HTTP_AUTHORIZATION": "Basic QTpC"}, None),
        ({}, None),
    ],
)
def test_the_key_is_found_where_each_kind_of_signature_puts_it(
    environ: dict[str, Any], key: str | None
) -> None:
    assert access_key_id(environ) == key
