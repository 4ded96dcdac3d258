"""`lab.deploy_sam`: templates become resources that work; wrong ones are refused."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from functions_lab import wait_until

from labsupport import Lab, LabError

HANDLER = """\
import os
def handler(event, context):
    return {"event": event, "greeting": os.environ.get("GREETING")}
"""
SHOP = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Greeting: {Type: String, Default: hello}
  Memory: {Type: Number, Default: 256}
Globals:
  Function: {Runtime: python3.13, Handler: app.handler}
Resources:
  Orders:
    Type: AWS::SQS::Queue
  Uploads:
    Type: AWS::S3::Bucket
  Tools:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layers/tools, CompatibleRuntimes: [python3.13]}
  Shop:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/shop
      MemorySize: !Ref Memory
      AutoPublishAlias: live
      Layers: [!Ref Tools]
      Environment:
        Variables: {GREETING: !Sub "${Greeting} ${AWS::Region}", QUEUE: !Ref Orders}
      Policies: [SQSSendMessagePolicy: {QueueName: !GetAtt Orders.QueueName}]
      FunctionUrlConfig: {AuthType: NONE}
      Events:
        Queue: {Type: SQS, Properties: {Queue: !GetAtt Orders.Arn, BatchSize: 1}}
        Upload: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: "s3:ObjectCreated:*"}}
        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}
Outputs:
  Url: {Value: !GetAtt ShopUrl.FunctionUrl}
  Queue: {Value: !Ref Orders}
"""


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    (folder / "src/shop").mkdir(parents=True)
    (folder / "layers/tools/python").mkdir(parents=True)
    (folder / "layers/tools/python/tools.py").write_text("word = 'layered'\n")
    (folder / "src/shop/app.py").write_text(HANDLER)
    (folder / "template.yaml").write_text(SHOP)
    return folder


def invoked(name: str) -> Any:
    answer = boto3.client("lambda").invoke(FunctionName=name, Payload=b'{"a": 1}')
    return json.loads(answer["Payload"].read())


def test_what_a_template_describes_runs_and_is_triggered(lab: Lab, shop: Path) -> None:
    (shop / "src/shop/app.py").write_text(
        "import json, tools\ndef handler(event, context):\n"
        "    print('SEEN', json.dumps(event), context.invoked_function_arn)\n"
        "    return {'word': tools.word}\n"
    )
    deployed = lab.deploy_sam(shop)
    with urllib.request.urlopen(deployed.outputs["Url"], timeout=20) as answer:
        assert json.load(answer) == {"word": "layered"}
    boto3.client("sqs").send_message(QueueUrl=deployed.outputs["Queue"], MessageBody="one")
    boto3.client("s3").put_object(Bucket="shop-uploads", Key="a.txt", Body=b"x")
    lab.clock.advance(hours=1, seconds=5)

    def seen() -> str:
        logs, group = boto3.client("logs"), "/aws/lambda/shop-Shop"
        return "".join(e["message"] for e in logs.filter_log_events(logGroupName=group)["events"])

    for source in ('"aws:sqs"', '"aws:s3"', '"aws.events"'):
        wait_until(lambda source=source: source in seen())
    assert "function:shop-Shop:live" in seen()


def test_parameters_globals_and_functions_of_the_template_are_resolved(
    lab: Lab, shop: Path
) -> None:
    lab.deploy_sam(shop, parameters={"Greeting": "hi", "Memory": "512"})
    assert invoked("shop-Shop")["greeting"] == "hi us-east-1"
    shown = boto3.client("lambda").get_function_configuration(FunctionName="shop-Shop")
    assert shown["MemorySize"] == 512
    assert shown["Environment"]["Variables"]["QUEUE"].endswith("/shop-Orders")


def test_deploying_again_changes_what_changed_and_removes_what_is_gone(
    lab: Lab, shop: Path
) -> None:
    lab.deploy_sam(shop)
    again = lab.deploy_sam(shop)
    assert {row[3] for row in again.resources} == {"unchanged"}
    (shop / "src/shop/app.py").write_text("def handler(event, context):\n    return 2\n")
    template = SHOP.replace(
        "        Hourly: {Type: Schedule, Properties: {Schedule: rate(1 hour)}}\n", ""
    )
    (shop / "template.yaml").write_text(template)
    third = lab.deploy_sam(shop)
    assert invoked("shop-Shop:live") == 2
    assert "ShopHourly" in third.removed
    assert boto3.client("events").list_rules()["Rules"] == []
    alias = boto3.client("lambda").get_alias(FunctionName="shop-Shop", Name="live")
    assert alias["FunctionVersion"] == "2"


def test_a_deploy_that_fails_leaves_nothing_behind(lab: Lab) -> None:
    function = "AWS::Serverless::Function"
    with pytest.raises(
        LabError, match=r"^Second \(AWS::Lambda::Function\) could not.*removed again.*there\.$"
    ):
        lab.deploy_sam(
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  First: {Type: AWS::SQS::Queue}\n"
            f"  Second:\n    Type: {function}\n    Properties: {{InlineCode: x, Handler: index.x, "
            "Runtime: python3.13, Timeout: 901}\n"
        )
    assert "QueueUrls" not in boto3.client("sqs").list_queues()
    names = [role["RoleName"] for role in boto3.client("iam").list_roles()["Roles"]]
    assert names == []


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("Transform: Mine\nResources: {}\n", "transform 'Mine' is not known"),
        ("Resources:\n  A: [1\n", "the template, line 3: this is no valid YAML"),
        ("Resources:\n  A: !Reff B\n", "line 2: .*!Reff is no function of CloudFormation"),
        ("Just: text\n", "a template is a mapping with Resources"),
        ("Resources:\n  A: {Type: 'AWS::EC2::VPC'}\n", "A is of the type AWS::EC2::VPC"),
        (
            "Resources:\n  A: {Type: 'AWS::Serverless::Function'}\n",
            "needs the line “Transform: AWS::Serverless-2016-10-31”",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  A:\n"
            "    Type: AWS::Serverless::Function\n    Properties: {CodeUri: nowhere}\n",
            "The CodeUri of A is .*nowhere, and there is no such folder",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources:\n  A:\n"
            "    Type: AWS::Serverless::Function\n"
            "    Properties: {InlineCode: x, Handler: a.b, Runtime: python3.13, Events: "
            "{E: {Type: Sqs}}}\n",
            "SAM refuses the template: .*A",
        ),
        (
            "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref B}}\n"
            "  B: {Type: 'AWS::SNS::Topic', Properties: {TopicName: !Ref A}}\n",
            "need each other in a circle",
        ),
        (
            "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref Nobody}}\n",
            "A .* refers to Nobody",
        ),
        (
            "Parameters: {P: {Type: String}}\nResources:\n  A: {Type: 'AWS::SQS::Queue'}\n",
            "The parameter P has no default",
        ),
    ],
)
def test_a_wrong_template_is_refused_in_one_sentence(
    lab: Lab, template: str, sentence: str
) -> None:
    with pytest.raises(LabError, match=sentence) as caught:
        lab.deploy_sam(template)
    assert "\n" not in str(caught.value)


TABLE = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Books:
    Type: AWS::Serverless::SimpleTable
    Properties: {TableName: books, PrimaryKey: {Name: KEY, Type: String}}
"""
API = """\
Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: index.handler
      InlineCode: "def handler(e, c): return {'statusCode': 200, 'body': e['path']}"
      Events:
        Get: {Type: Api, Properties: {Path: /PART/deep, Method: get}}
Outputs:
  Url: {Value: !Sub "https://${ServerlessRestApi}.execute-api.${AWS::Region}.amazonaws.com/Prod/"}
"""


def test_an_api_deployed_again_has_the_new_paths_alone(lab: Lab) -> None:
    lab.deploy_sam(API.replace("PART", "old"))
    url = lab.deploy_sam(API.replace("PART", "new")).outputs["Url"]
    with urllib.request.urlopen(url + "new/deep", timeout=20) as answer:
        assert answer.read() == b"/new/deep"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(url + "old/deep", timeout=20)


def test_a_deploy_never_throws_away_what_a_table_holds(lab: Lab) -> None:
    lab.deploy_sam(TABLE.replace("KEY", "isbn"))
    table = {"TableName": "books"}
    boto3.client("dynamodb").put_item(**table, Item={"isbn": {"S": "1"}})
    with pytest.raises(LabError, match=r"^Books \(AWS::DynamoDB::Table\).* another TableName"):
        lab.deploy_sam(TABLE.replace("KEY", "title"))
    assert boto3.client("dynamodb").scan(**table)["Count"] == 1


def test_what_is_there_already_is_left_alone(lab: Lab, shop: Path) -> None:
    lab.deploy_sam(shop)
    before = boto3.client("lambda").list_functions()["Functions"]
    sentence = r"^Shop \(AWS::Lambda::Function\) could not be made: Function already exist"
    named = SHOP.replace("      AutoPublish", "      FunctionName: shop-Shop\n      AutoPublish")
    (shop / "template.yaml").write_text(named)
    with pytest.raises(LabError, match=sentence):
        lab.deploy_sam(shop, stack_name="other")
    assert boto3.client("lambda").list_functions()["Functions"] == before
    (shop / "template.yaml").write_text(SHOP)
    assert {row[3] for row in lab.deploy_sam(shop).resources} == {"unchanged"}


def test_a_template_that_is_not_there_is_named(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="There is no template"):
        lab.deploy_sam(tmp_path / "nothing.yaml")
    with pytest.raises(LabError, match=r"has no template\.yaml"):
        lab.deploy_sam(tmp_path)
