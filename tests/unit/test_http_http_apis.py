"""HTTP APIs with Lambda proxy integrations, called over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from labsupport import Lab
from tests.unit.functions_lab import Lambda
from tests.unit.http_calls import call

ECHO = "def handler(event, context):\n    return event\n"
ECHO_1 = (
    "import json\n"
    "def handler(event, context):\n"
    "    return {'statusCode': 200, 'body': json.dumps(event)}\n"
)
AUTHORIZE = (
    "def handler(event, context):\n"
    "    token = event['headers']['x-token']\n"
    "    if token == 'broken':\n"
    "        1 / 0\n"
    "    return {'isAuthorized': token == 'allow', 'context': {'of': event}}\n"
)
POLICY = (
    "def handler(event, context):\n"
    "    effect = 'Allow' if event['authorizationToken'] == 'allow' else 'Deny'\n"
    "    statement = {'Effect': effect, 'Action': 'execute-api:Invoke',\n"
    "                 'Resource': event['methodArn']}\n"
    "    return {'principalId': 'me', 'policyDocument': {'Statement': [statement]},\n"
    "            'context': {'event': event}}\n"
)


def arn(function: str) -> str:
    return f"arn:aws:lambda:us-east-1:123456789012:function:{function}"


class Api:
    """An HTTP API under construction."""

    def __init__(self, **settings: Any) -> None:
        self.client = boto3.client("apigatewayv2")
        made = self.client.create_api(Name="api", ProtocolType="HTTP", **settings)
        self.id, self.url = made["ApiId"], made["ApiEndpoint"]

    def route(self, key: str, function: str, payload_format: str = "2.0", **more: Any) -> None:
        integration = self.client.create_integration(
            ApiId=self.id,
            IntegrationType="AWS_PROXY",
            IntegrationUri=arn(function),
            PayloadFormatVersion=payload_format,
        )
        target = f"integrations/{integration['IntegrationId']}"
        self.client.create_route(ApiId=self.id, RouteKey=key, Target=target, **more)

    def stage(self, name: str = "$default", **more: Any) -> None:
        self.client.create_stage(ApiId=self.id, StageName=name, AutoDeploy=True, **more)

    def authorizer(self, function: str, **settings: Any) -> dict[str, str]:
        made = self.client.create_authorizer(
            ApiId=self.id,
            Name=json.dumps(settings),
            AuthorizerType="REQUEST",
            AuthorizerUri="arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/"
            f"{arn(function)}/invocations",
            IdentitySource=["$request.header.X-Token"],
            **settings,
        )
        return {"AuthorizationType": "CUSTOM", "AuthorizerId": made["AuthorizerId"]}


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        for name, source in {
            "echo": ECHO,
            "echo-1": ECHO_1,
            "authorize": AUTHORIZE,
            "policy": POLICY,
            "raise": "def handler(event, context):\n    1 / 0\n",
            "malformed": "def handler(event, context):\n    return {'statusCode': 'no'}\n",
        }.items():
            functions.create(source, FunctionName=name)
            functions.client.add_permission(
                FunctionName=name,
                StatementId="api",
                Action="lambda:InvokeFunction",
                Principal="apigateway.amazonaws.com",
            )
        functions.create(ECHO, FunctionName="unpermitted")
        yield functions


@pytest.fixture
def api(functions: Lambda) -> Api:
    return Api()


def test_the_event_has_format_2(functions: Lambda, api: Api) -> None:
    api.route("POST /pets/{id}", "echo")
    api.stage(StageVariables={"color": "red"})
    assert api.url == f"{functions.lab.endpoint}/_execute-api/{api.id}"
    event = call(
        f"{api.url}/pets/1?a=1&a=2",
        "POST",
        body=b"text",
        headers={"Content-Type": "text/plain", "Cookie": "a=1; b=2"},
    ).json()
    context = event["requestContext"]
    assert event["version"] == "2.0"
    assert event["routeKey"] == context["routeKey"] == "POST /pets/{id}"
    assert event["rawPath"] == context["http"]["path"] == "/pets/1"
    assert event["queryStringParameters"] == {"a": "1,2"}
    assert event["pathParameters"] == {"id": "1"}
    assert event["stageVariables"] == {"color": "red"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in event["headers"]
    assert event["body"] == "text"
    assert (context["stage"], context["accountId"]) == ("$default", "123456789012")
    assert context["domainName"] == f"{api.id}.execute-api.us-east-1.amazonaws.com"


def test_an_integration_may_ask_for_format_1(functions: Lambda, api: Api) -> None:
    api.route("ANY /pets/{id}", "echo-1", "1.0")
    api.stage("dev")
    event = call(f"{api.url}/dev/pets/1", "PUT", headers={"X-One": "Two"}).json()
    assert event["version"] == "1.0"
    assert event["resource"] == "/pets/{id}"
    assert event["path"] == event["requestContext"]["path"] == "/dev/pets/1"
    assert event["pathParameters"] == {"id": "1"}
    assert event["multiValueHeaders"]["X-One"] == ["Two"]
    assert event["requestContext"]["resourceId"] == "ANY /pets/{id}"


def test_the_most_particular_route_is_taken(functions: Lambda, api: Api) -> None:
    for key in ("GET /a/b", "GET /a/{one}", "GET /a/{proxy+}", "ANY /a/b", "$default"):
        api.route(key, "echo")
    api.stage()

    def taken(path: str, method: str = "GET") -> str:
        return str(call(f"{api.url}{path}", method).json()["routeKey"])

    assert taken("/a/b") == "GET /a/b"
    assert taken("/a/b", "POST") == "ANY /a/b"
    assert taken("/a/c") == "GET /a/{one}"
    assert taken("/a/c/d") == "GET /a/{proxy+}"
    assert taken("/a/c", "POST") == "$default"
    assert taken("") == "$default"


def test_without_a_route_or_a_stage_nothing_is_found(functions: Lambda, api: Api) -> None:
    api.route("GET /a", "echo")
    missing = {"message": "Not Found"}
    assert (call(f"{api.url}/a").status, call(f"{api.url}/a").json()) == (404, missing)
    api.stage("dev")
    event = call(f"{api.url}/dev/a").json()
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/dev/a", "dev")
    assert call(f"{api.url}/dev/b").status == 404
    assert call(f"{api.url}/a").status == 404


@pytest.mark.parametrize("function", ["raise", "malformed", "unpermitted", "nobody"])
def test_what_fails_is_an_internal_server_error(functions: Lambda, api: Api, function: str) -> None:
    api.route("$default", function)
    api.stage()
    answer = call(api.url)
    assert (answer.status, answer.json()) == (500, {"message": "Internal Server Error"})


def test_an_api_with_a_target_is_ready_at_once(functions: Lambda) -> None:
    api = Api(Target=arn("echo"))
    assert call(f"{api.url}/any/path").json()["routeKey"] == "$default"


def test_cors_is_answered_by_the_api(functions: Lambda) -> None:
    api = Api(CorsConfiguration={"AllowOrigins": ["https://a.example"], "AllowMethods": ["*"]})
    api.route("GET /", "echo")
    api.stage()
    page = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    preflight = call(api.url, "OPTIONS", headers=page)
    assert (preflight.status, preflight.data) == (204, b"")
    assert preflight.headers["Access-Control-Allow-Methods"] == "*"
    answer = call(f"{api.url}/", headers=page)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://a.example"
    other = call(f"{api.url}/", headers={"Origin": "https://b.example"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_an_authorizer_answers_simply(functions: Lambda, api: Api) -> None:
    authorizer = api.authorizer(
        "authorize", AuthorizerPayloadFormatVersion="2.0", EnableSimpleResponses=True
    )
    api.route("GET /pets", "echo", **authorizer)
    api.stage()
    url = f"{api.url}/pets"
    answer = call(url, headers={"X-Token": "allow"})
    told = answer.json()["requestContext"]["authorizer"]["lambda"]["of"]
    assert told["version"] == "2.0"
    assert told["type"] == "REQUEST"
    assert told["routeArn"].endswith(f":{api.id}/$default/GET/pets")
    assert told["identitySource"] == ["allow"]
    assert told["routeKey"] == "GET /pets"
    statuses = {token: call(url, headers={"X-Token": token}) for token in ("deny", "broken")}
    assert statuses["deny"].status == 403
    assert statuses["deny"].json() == {"message": "Forbidden"}
    assert statuses["broken"].status == 500
    missing = call(url)
    assert (missing.status, missing.json()) == (401, {"message": "Unauthorized"})


def test_an_authorizer_answers_with_a_policy(functions: Lambda, api: Api) -> None:
    authorizer = api.authorizer("policy", AuthorizerPayloadFormatVersion="1.0")
    api.route("GET /pets", "echo-1", "1.0", **authorizer)
    api.stage()
    url = f"{api.url}/pets"
    said = call(url, headers={"X-Token": "allow"}).json()["requestContext"]["authorizer"]
    assert said["principalId"] == "me"
    assert said["event"]["identitySource"] == "allow"
    assert call(url, headers={"X-Token": "deny"}).status == 403


def test_what_the_lab_lacks_is_said(functions: Lambda, api: Api) -> None:
    api.route("GET /", "echo", AuthorizationType="JWT")
    api.stage()
    answer = call(f"{api.url}/")
    assert answer.status == 501
    assert "JWT" in answer.json()["message"]
