"""REST APIs with Lambda proxy integrations, called over HTTP."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
import urllib3

from labsupport import Lab
from tests.unit.functions_lab import Lambda
from tests.unit.http_calls import call, signed

ECHO = (
    "import json\n"
    "def handler(event, context):\n"
    "    return {'statusCode': 200, 'body': json.dumps(event)}\n"
)
RETURN = "import json\ndef handler(event, context):\n    return json.loads(event['body'])\n"
AUTHORIZE = (
    "import time\n"
    "def handler(event, context):\n"
    "    token = event.get('authorizationToken') or event['headers'].get('x-token')\n"
    "    if token == 'unauthorized':\n"
    "        raise Exception('Unauthorized')\n"
    "    if token == 'broken':\n"
    "        return 'no policy'\n"
    "    effect = 'Deny' if token == 'deny' else 'Allow'\n"
    "    resource = 'arn:aws:execute-api:other' if token == 'other' else event['methodArn']\n"
    "    statement = {'Effect': effect, 'Action': 'execute-api:Invoke', 'Resource': resource}\n"
    "    return {'principalId': 'me', 'policyDocument': {'Statement': [statement]},\n"
    "            'context': {'number': 1, 'yes': True, 'type': event['type']}}\n"
)


class Api:
    """A REST API under construction."""

    def __init__(self, functions: Lambda, **settings: Any) -> None:
        self.functions = functions
        self.client = boto3.client("apigateway")
        made = self.client.create_rest_api(name="api", **settings)
        self.id, self.root = made["id"], made["rootResourceId"]

    def resource(self, *parts: str) -> str:
        parent = self.root
        for part in parts:
            known = self.client.get_resources(restApiId=self.id)["items"]
            same = [
                r["id"] for r in known if (r.get("parentId"), r.get("pathPart")) == (parent, part)
            ]
            parent = (
                same[0]
                if same
                else self.client.create_resource(restApiId=self.id, parentId=parent, pathPart=part)[
                    "id"
                ]
            )
        return parent

    def method(self, method: str, *parts: str, function: str, **more: Any) -> str:
        resource, name = self.resource(*parts), {"restApiId": self.id, "httpMethod": method}
        self.client.put_method(
            **name, resourceId=resource, **({"authorizationType": "NONE"} | more)
        )
        self.client.put_integration(
            **name,
            resourceId=resource,
            type="AWS_PROXY",
            integrationHttpMethod="POST",
            uri=uri(function),
        )
        return resource

    def authorizer(self, **settings: Any) -> dict[str, str]:
        made = self.client.create_authorizer(
            restApiId=self.id,
            name=json.dumps(settings),
            authorizerUri=uri("authorize"),
            **({"identitySource": "method.request.header.X-Token"} | settings),
        )
        return {"authorizationType": "CUSTOM", "authorizerId": made["id"]}

    def deploy(self, stage: str = "dev", **more: Any) -> str:
        self.client.create_deployment(restApiId=self.id, stageName=stage, **more)
        return f"{self.functions.lab.endpoint}/_execute-api/{self.id}/{stage}"


def uri(function: str) -> str:
    arn = f"arn:aws:lambda:us-east-1:123456789012:function:{function}"
    return f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"


@pytest.fixture(scope="module")
def functions() -> Iterator[Lambda]:
    with Lab.start() as lab:
        functions = Lambda(lab)
        for name, source in {
            "echo": ECHO,
            "return": RETURN,
            "authorize": AUTHORIZE,
            "raise": "def handler(event, context):\n    1 / 0\n",
            "slow": "import time\ndef handler(event, context):\n    time.sleep(2)\n",
        }.items():
            functions.create(source, FunctionName=name)
            permit(functions, name)
        functions.create(ECHO, FunctionName="unpermitted")
        yield functions


@pytest.fixture
def api(functions: Lambda) -> Api:
    return Api(functions)


def permit(functions: Lambda, name: str, source: str = "*") -> None:
    functions.client.add_permission(
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{source}",
    )


def answered(api: Api, result: Any, **headers: str) -> urllib3.BaseHTTPResponse:
    api.method("POST", function="return")
    url = api.deploy()
    return call(url, "POST", body=json.dumps(result), headers=headers)


def test_the_event_is_that_of_a_proxy_integration(api: Api) -> None:
    resource = api.method("GET", "pets", "{id}", function="echo")
    url = api.deploy(variables={"color": "red"})
    answer = call(
        f"{url}/pets/a%20b?x=1&x=2&y=",
        headers={"X-One": "Two", "User-Agent": "tester", "Cookie": "c=1"},
    )
    assert answer.status == 200
    event, context = answer.json(), answer.json()["requestContext"]
    assert event["resource"] == "/pets/{id}"
    assert event["path"] == "/pets/a%20b"
    assert event["httpMethod"] == "GET"
    assert event["headers"]["X-One"] == "Two", "REST APIs keep the case of headers"
    assert event["multiValueHeaders"]["X-One"] == ["Two"]
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "y": [""]}
    assert event["pathParameters"] == {"id": "a b"}
    assert event["stageVariables"] == {"color": "red"}
    assert (event["body"], event["isBase64Encoded"]) == (None, False)
    assert context["resourceId"] == resource
    assert context["resourcePath"] == "/pets/{id}"
    assert context["path"] == "/dev/pets/a%20b"
    assert context["stage"] == "dev"
    assert context["apiId"] == context["domainPrefix"] == api.id
    assert context["domainName"] == f"{api.id}.execute-api.us-east-1.amazonaws.com"
    assert context["accountId"] == "123456789012"
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"] == "tester"
    assert context["identity"]["userArn"] is None
    assert "authorizer" not in context
    assert answer.headers["x-amzn-RequestId"] == context["requestId"]


def test_what_a_request_has_not_is_null(api: Api) -> None:
    api.method("GET", function="echo")
    event = call(api.deploy()).json()
    names = ("queryStringParameters", "multiValueQueryStringParameters", "pathParameters")
    assert {event[name] for name in (*names, "stageVariables", "body")} == {None}
    assert event["path"] == "/"


def test_the_most_particular_resource_is_taken(api: Api) -> None:
    api.method("GET", "a", "{proxy+}", function="echo")
    api.method("GET", "a", "{one}", function="echo")
    api.method("ANY", "a", "b", function="echo")
    api.method("GET", "a", "b", function="echo")
    url = api.deploy()
    taken = {path: (call(f"{url}/a/{path}").json()["resource"]) for path in ("b", "c", "c/d")}
    assert taken == {"b": "/a/b", "c": "/a/{one}", "c/d": "/a/{proxy+}"}
    assert call(f"{url}/a/c/d").json()["pathParameters"] == {"proxy": "c/d"}
    assert call(f"{url}/a/b", "DELETE").json()["httpMethod"] == "DELETE"


def test_what_is_not_deployed_is_not_served(api: Api) -> None:
    api.method("GET", "old", function="echo")
    url = api.deploy()
    api.method("GET", "new", function="echo")
    for method, path in (("GET", "new"), ("POST", "old"), ("GET", "")):
        answer = call(f"{url}/{path}", method)
        assert answer.status == 403
        assert answer.json() == {"message": "Missing Authentication Token"}
        assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    api.deploy()
    assert call(f"{url}/new").status == 200
    answer = call(url.removesuffix("dev") + "prod/old")
    assert (answer.status, answer.json()) == (403, {"message": "Forbidden"})


def test_a_stage_variable_names_the_function(api: Api) -> None:
    api.method("GET", function="${stageVariables.function}")
    assert call(api.deploy(variables={"function": "echo"})).status == 200
    assert call(api.deploy("prod", variables={"function": "nobody"})).status == 500


@pytest.mark.parametrize(
    ("result", "status", "body"),
    [
        ({"statusCode": 201, "body": "x"}, 201, b"x"),
        ({"statusCode": "200"}, 200, b""),
        ({}, 200, b""),
    ],
)
def test_a_proxy_response_is_the_answer(api: Api, result: Any, status: int, body: bytes) -> None:
    answer = answered(api, result)
    assert (answer.status, answer.data) == (status, body)
    assert answer.headers["Content-Type"] == "application/json"


def test_headers_of_a_response_may_be_repeated(api: Api) -> None:
    answer = answered(
        api,
        {
            "statusCode": 200,
            "headers": {"a": "1", "WWW-Authenticate": "Basic"},
            "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        },
    )
    assert answer.headers["a"] == "1"
    assert answer.headers.getlist("set-cookie") == ["a=1", "b=2"]
    assert answer.headers["x-amzn-Remapped-WWW-Authenticate"] == "Basic"


@pytest.mark.parametrize(
    "malformed",
    [
        "text",
        None,
        {"hello": "world"},
        {"statusCode": "ok"},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "headers": "text"},
    ],
)
def test_a_malformed_proxy_response_is_a_bad_gateway(api: Api, malformed: Any) -> None:
    answer = answered(api, malformed)
    assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})
    assert answer.headers["x-amzn-ErrorType"] == "InternalServerErrorException"


def test_bodies_are_binary_by_their_type(functions: Lambda) -> None:
    api = Api(functions, binaryMediaTypes=["image/*"])
    png = base64.b64encode(b"\x89PNG").decode()
    result = {"statusCode": 200, "body": png, "isBase64Encoded": True}
    assert answered(api, result, Accept="image/png").data == b"\x89PNG"
    assert answered(api, result, Accept="text/html").data == png.encode()
    api.method("PUT", function="echo")
    event = call(api.deploy(), "PUT", body=b"\x89PNG", headers={"Content-Type": "image/png"}).json()
    assert (event["body"], event["isBase64Encoded"]) == (png, True)
    operation = {"op": "remove", "path": "/binaryMediaTypes/image~1*"}
    updated = api.client.update_rest_api(restApiId=api.id, patchOperations=[operation])
    assert updated["binaryMediaTypes"] == []


def test_a_function_that_fails_is_a_bad_gateway(api: Api) -> None:
    api.method("GET", function="raise")
    answer = call(api.deploy())
    assert (answer.status, answer.json()) == (502, {"message": "Internal server error"})


def test_without_permission_the_answer_is_500(api: Api) -> None:
    api.method("GET", "one", function="unpermitted")
    api.method("GET", "two", function="unpermitted")
    url = api.deploy()
    assert call(f"{url}/one").status == 500
    permit(api.functions, "unpermitted", f"{api.id}/*/GET/one")
    assert call(f"{url}/one").status == 200
    assert call(f"{url}/two").status == 500, "the permission is for one method alone"


def test_a_function_that_takes_too_long_is_not_waited_for(api: Api) -> None:
    resource = api.method("GET", function="slow")
    api.client.put_integration(
        restApiId=api.id,
        resourceId=resource,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=uri("slow"),
        timeoutInMillis=100,
    )
    answer = call(api.deploy())
    assert (answer.status, answer.json()) == (504, {"message": "Endpoint request timed out"})


def test_a_request_over_10_mb_is_refused(api: Api) -> None:
    api.method("POST", function="echo")
    answer = call(api.deploy(), "POST", body=b"x" * (10 * 1024 * 1024 + 1))
    assert answer.status == 413


def test_a_mock_answers_options(api: Api) -> None:
    resource = api.resource("pets")
    name = {"restApiId": api.id, "resourceId": resource, "httpMethod": "OPTIONS"}
    api.client.put_method(**name, authorizationType="NONE")
    api.client.put_integration(
        **name, type="MOCK", requestTemplates={"application/json": '{"statusCode": 200}'}
    )
    api.client.put_method_response(**name, statusCode="200")
    header = "method.response.header.Access-Control-Allow-Origin"
    api.client.put_integration_response(
        **name, statusCode="200", responseParameters={header: "'*'"}
    )
    answer = call(f"{api.deploy()}/pets", "OPTIONS")
    assert answer.status == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_a_token_authorizer_decides(api: Api) -> None:
    authorizer = api.authorizer(type="TOKEN", identityValidationExpression="[a-z]+")
    api.method("GET", "pets", function="echo", **authorizer)
    url = f"{api.deploy()}/pets"

    def ask(token: str) -> urllib3.BaseHTTPResponse:
        return call(url, headers={"X-Token": token})

    allowed = ask("allow")
    assert allowed.status == 200
    assert allowed.json()["requestContext"]["authorizer"] == {
        "principalId": "me",
        "number": "1",
        "yes": "true",
        "type": "TOKEN",
    }
    for token in ("", "123", "unauthorized"):
        assert (ask(token).status, ask(token).json()) == (401, {"message": "Unauthorized"})
    denied = {"Message": "User is not authorized to access this resource with an explicit deny"}
    assert (ask("deny").status, ask("deny").json()) == (403, denied)
    other = {"Message": "User is not authorized to access this resource"}
    assert (ask("other").status, ask("other").json()) == (403, other)
    assert (ask("broken").status, ask("broken").json()) == (500, {"message": None})


def test_what_an_authorizer_says_is_remembered_in_lab_time(api: Api) -> None:
    api.method(
        "GET", function="echo", **api.authorizer(type="REQUEST", authorizerResultTtlInSeconds=3600)
    )
    url, lab = api.deploy(), api.functions.lab

    def asked() -> int:
        return sum(i.function_arn.endswith(":authorize") for i in lab.history.invocations)

    before = asked()
    for _ in range(2):
        answer = call(url, headers={"x-token": "allow"})
        assert answer.json()["requestContext"]["authorizer"]["type"] == "REQUEST"
    assert asked() == before + 1
    call(url, headers={"x-token": "another"})
    assert asked() == before + 2
    lab.clock.advance(hours=1)
    call(url, headers={"x-token": "allow"})
    assert asked() == before + 3


def test_a_method_can_be_tested_before_it_is_deployed(api: Api) -> None:
    resource = api.method("POST", "{id}", function="echo")
    answer = api.client.test_invoke_method(
        restApiId=api.id,
        resourceId=resource,
        httpMethod="POST",
        pathWithQueryString="/7?q=1",
        body="text",
        headers={"a": "b"},
    )
    assert answer["status"] == 200
    event = json.loads(answer["body"])
    assert event["pathParameters"] == {"id": "7"}
    assert event["queryStringParameters"] == {"q": "1"}
    assert (event["body"], event["headers"]) == ("text", {"a": "b"})
    assert event["requestContext"]["stage"] == "test-invoke-stage"


def test_a_method_may_ask_for_a_signature(api: Api) -> None:
    api.method("GET", "pets", function="echo", authorizationType="AWS_IAM")
    url = f"{api.deploy()}/pets"
    unsigned = call(url)
    assert (unsigned.status, unsigned.json()["message"]) == (403, "Missing Authentication Token")
    key = boto3.Session().get_credentials()
    headers = signed(url, key, service="execute-api")
    assert call(f"{url}?more=1", headers=headers).status == 403
    identity = call(url, headers=headers).json()["requestContext"]["identity"]
    assert identity["accessKey"] == key.access_key
    assert identity["accountId"] == "123456789012"
    iam = boto3.client("iam")
    iam.create_user(UserName="caller")
    made = iam.create_access_key(UserName="caller")["AccessKey"]
    user = boto3.Session(made["AccessKeyId"], made["SecretAccessKey"]).get_credentials()
    api.functions.lab.enforce_iam()
    try:
        denied = call(url, headers=signed(url, user, service="execute-api"))
        assert denied.status == 403
        assert "is not authorized to perform: execute-api:Invoke" in denied.json()["Message"]
    finally:
        api.functions.lab.enforce_iam(False)


def test_what_the_lab_lacks_is_said(api: Api) -> None:
    api.method("GET", function="echo", authorizationType="COGNITO_USER_POOLS")
    answer = call(api.deploy())
    assert answer.status == 501
    assert "COGNITO_USER_POOLS" in answer.json()["message"]
