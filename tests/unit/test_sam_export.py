"""`lab.export_sam`: what was built, as a template that AWS's own tools accept, and back again."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from functions_lab import wait_until

from labsupport import Lab, LabError
from labsupport.sam.cfn_yaml import load
from tests import packages

SEE = (
    "import json, os, words\n"
    "def handler(event, context):\n"
    "    print('SEEN', json.dumps(event), context.invoked_function_arn)\n"
    "    names = os.environ\n"
    "    return {'word': words.word, 'table': names['TABLE'], 'bucket': names['BUCKET']}\n"
)
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["dynamodb:PutItem", "s3:GetObject", "sqs:*"],
            "Resource": [
                "arn:aws:dynamodb:us-east-1:123456789012:table/photos",
                "arn:aws:s3:::my-uploads/*",
                "arn:aws:sqs:us-east-1:123456789012:jobs",
            ],
        }
    ],
}
TRUST = packages.TRUST.replace(
    '"lambda.amazonaws.com"', '["lambda.amazonaws.com", "scheduler.amazonaws.com"]'
)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:"


@pytest.fixture
def lab() -> Iterator[Lab]:
    with Lab.start() as lab:
        yield lab


def build(lab: Lab) -> None:
    """What learners build: data, a role, a layer, functions, and what triggers them."""
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    role = iam.create_role(RoleName="photo-role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="photo-role", PolicyName="work", PolicyDocument=json.dumps(POLICY))
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="photo-role", PolicyArn=basic)
    iam.create_role(RoleName="idle-role", AssumeRolePolicyDocument=TRUST)
    boto3.client("dynamodb").create_table(
        TableName="photos",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )
    boto3.client("s3").create_bucket(Bucket="my-uploads")
    sqs = boto3.client("sqs")
    sqs.create_queue(QueueName="dead")
    redrive = {
        "deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead",
        "maxReceiveCount": "3",
    }
    jobs = sqs.create_queue(
        QueueName="jobs",
        Attributes={"RedrivePolicy": json.dumps(redrive), "VisibilityTimeout": "60"},
    )["QueueUrl"]
    layer = functions.publish_layer_version(
        LayerName="words",
        Content={"ZipFile": packages.zipped(**{"python/words": "word = 'layered'\n"})},
        CompatibleRuntimes=["python3.13"],
    )["LayerVersionArn"]
    common: dict[str, Any] = {
        "Runtime": "python3.13",
        "Role": role,
        "Handler": "index.handler",
        "Code": {"ZipFile": packages.zipped(index=SEE)},
        "Layers": [layer],
    }
    variables = {"TABLE": "photos", "BUCKET": "my-uploads"}
    functions.create_function(
        FunctionName="worker",
        MemorySize=256,
        Timeout=20,
        EphemeralStorage={"Size": 1024},
        TracingConfig={"Mode": "Active"},
        DeadLetterConfig={"TargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
        Environment={"Variables": {**variables, "QUEUE": jobs, "HOME_OF_LAB": lab.endpoint}},
        **common,
    )
    functions.create_function(
        FunctionName="api", Publish=True, Environment={"Variables": variables}, **common
    )
    functions.create_alias(FunctionName="api", Name="live", FunctionVersion="1")
    functions.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=5)
    functions.put_function_event_invoke_config(
        FunctionName="worker",
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": f"{ARN}api"}},
    )
    url = {"FunctionName": "api", "Qualifier": "live"}
    functions.create_function_url_config(**url, AuthType="NONE", Cors={"AllowOrigins": ["*"]})
    functions.add_permission(
        **url,
        StatementId="url",
        Action="lambda:InvokeFunctionUrl",
        Principal="*",
        FunctionUrlAuthType="NONE",
    )
    functions.add_permission(
        **url,
        StatementId="invoke",
        Action="lambda:InvokeFunction",
        Principal="*",
        InvokedViaFunctionUrl=True,
    )
    trigger(role)


def trigger(role: str) -> None:
    functions, sns, events = boto3.client("lambda"), boto3.client("sns"), boto3.client("events")
    functions.create_event_source_mapping(
        FunctionName="worker",
        EventSourceArn="arn:aws:sqs:us-east-1:123456789012:jobs",
        BatchSize=1,
        FilterCriteria={"Filters": [{"Pattern": '{"body": {"kind": ["photo"]}}'}]},
    )
    stream = boto3.client("dynamodb").describe_table(TableName="photos")["Table"]
    functions.create_event_source_mapping(
        FunctionName="api:live",
        EventSourceArn=stream["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
    )
    allow = {"FunctionName": "worker", "Action": "lambda:InvokeFunction"}
    topic = sns.create_topic(Name="news")["TopicArn"]
    rule = events.put_rule(Name="hourly", ScheduleExpression="rate(1 hour)")["RuleArn"]
    for service, source in (
        ("s3", "arn:aws:s3:::my-uploads"),
        ("sns", topic),
        ("events", rule),
    ):
        functions.add_permission(
            **allow, StatementId=service, Principal=f"{service}.amazonaws.com", SourceArn=source
        )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=f"{ARN}worker")
    events.put_targets(Rule="hourly", Targets=[{"Id": "1", "Arn": f"{ARN}worker"}])
    boto3.client("scheduler").create_schedule(
        Name="nightly",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"{ARN}worker", "RoleArn": role, "Input": '{"nightly": true}'},
    )
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket="my-uploads",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {
                    "LambdaFunctionArn": f"{ARN}worker",
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}},
                }
            ]
        },
    )


def linted(template: Path) -> list[str]:
    """What cfn-lint, which runs AWS's translator first, has against a template."""
    from cfnlint.api import lint_file

    return [str(match) for match in lint_file(template)]


def seen(function: str) -> str:
    logs, group = boto3.client("logs"), f"/aws/lambda/{function}"
    try:
        events = logs.filter_log_events(logGroupName=group)["events"]
    except logs.exceptions.ResourceNotFoundException:
        return ""
    return "".join(event["message"] for event in events)


def test_the_template_passes_awss_own_translator_and_linter(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    exported = lab.export_sam(tmp_path / "photomart")
    assert linted(exported.template) == []
    text = exported.template.read_text()
    assert "123456789012" not in text
    assert (tmp_path / "photomart/layers/words/python/words.py").read_text()
    assert (tmp_path / "photomart/src/worker/index.py").read_text() == SEE


def test_what_was_exported_works_the_same_in_another_lab(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    folder = tmp_path / "photomart"
    lab.export_sam(folder)
    with Lab.start() as other:
        deployed = other.deploy_sam(folder)
        (url,) = deployed.outputs.values()
        with urllib.request.urlopen(url, timeout=20) as answer:
            expected = {"word": "layered", "table": "photos", "bucket": "my-uploads"}
            assert json.load(answer) == expected
        sqs = boto3.client("sqs")
        jobs = sqs.get_queue_url(QueueName="jobs")["QueueUrl"]
        sqs.send_message(QueueUrl=jobs, MessageBody='{"kind": "photo"}')
        boto3.client("s3").put_object(Bucket="my-uploads", Key="in/a.png", Body=b"x")
        boto3.client("sns").publish(
            TopicArn="arn:aws:sns:us-east-1:123456789012:news", Message="told"
        )
        boto3.client("dynamodb").put_item(TableName="photos", Item={"id": {"S": "1"}})
        other.clock.advance(hours=25)
        for source in ('"aws:sqs"', '"aws:s3"', '"aws:sns"', '"aws.events"', '"nightly": true'):
            wait_until(lambda source=source: source in seen("worker"))
        wait_until(lambda: '"aws:dynamodb"' in seen("api"))
        assert "function:api:live" in seen("api")
        again = other.export_sam(tmp_path / "again")
    # A role without a name of its own is called by its stack.
    second = again.template.read_text().replace("PhotomartPhotoRole", "PhotoRole")
    first = (folder / "template.yaml").read_text()
    assert load(second, "")["Resources"] == load(first, "")["Resources"]


def test_the_same_lab_gives_the_same_bytes(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    one, two = (lab.export_sam(tmp_path / name) for name in ("one", "two"))
    assert one.files == two.files
    assert all((one.folder / n).read_bytes() == (two.folder / n).read_bytes() for n in one.files)


def test_nothing_of_the_labs_own_gets_into_the_template(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    exported = lab.export_sam(tmp_path / "photomart")
    text = exported.template.read_text()
    for secret in (lab.endpoint, lab.endpoint[7:], *list(lab.environment().values())[1:3]):
        assert secret not in text
    assert any("HOME_OF_LAB" in each for each in exported.left_out)
    assert "# - The environment variable HOME_OF_LAB of worker" in text


def test_what_is_left_out_is_said(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    boto3.client("ssm").put_parameter(Name="p", Value="v", Type="String")
    exported = lab.export_sam(tmp_path / "photomart")
    assert "The role idle-role, which nothing exported uses." in exported.left_out
    assert any("Systems Manager (1)" in each for each in exported.left_out)
    shown = str(exported)
    assert "sam deploy --guided" in shown
    assert "src/worker/index.py" in shown
    assert "idle-role" in exported._repr_html_()


def test_an_earlier_export_is_replaced_and_nothing_else(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    folder = tmp_path / "photomart"
    lab.export_sam(folder)
    boto3.client("lambda").delete_function(FunctionName="worker")
    lab.export_sam(folder)
    assert not (folder / "src/worker/index.py").exists()
    (folder / "src/api/index.py").write_text("mine = 1\n")
    with pytest.raises(LabError, match="no earlier export, or was changed") as caught:
        lab.export_sam(folder)
    assert "\n" not in str(caught.value)
    assert (folder / "src/api/index.py").read_text() == "mine = 1\n"
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    with pytest.raises(LabError, match="no earlier export"):
        lab.export_sam(other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_written_is_named(lab: Lab, tmp_path: Path) -> None:
    build(lab)
    (tmp_path / "file").write_text("")
    with pytest.raises(LabError, match="is a file"):
        lab.export_sam(tmp_path / "file")
    with pytest.raises(LabError, match=r"cannot be written|is a file"):
        lab.export_sam(tmp_path / "file" / "inside")


def test_an_empty_lab_has_nothing_to_export(lab: Lab, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="nothing to export"):
        lab.export_sam(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def call(url: str) -> str:
    with urllib.request.urlopen(url, timeout=20) as answer:
        return str(answer.read().decode())


def build_apis() -> None:
    """A REST API and an HTTP API before one function, and what SAM has no event for."""
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    role = iam.create_role(RoleName="api-role", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    arn = functions.create_function(
        FunctionName="web",
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={
            "ZipFile": packages.zipped(
                index="def handler(event, context):\n"
                "    return {'statusCode': 200, 'body': str(event['pathParameters'])}\n"
            )
        },
    )["FunctionArn"]
    rest, http = boto3.client("apigateway"), boto3.client("apigatewayv2")
    api = rest.create_rest_api(name="shop")
    parent = api["rootResourceId"]
    for part in ("photos", "{id}"):
        parent = rest.create_resource(restApiId=api["id"], parentId=parent, pathPart=part)["id"]
    at = {"restApiId": api["id"], "resourceId": parent, "httpMethod": "GET"}
    rest.put_method(**at, authorizationType="NONE")
    rest.put_integration(
        **at,
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations",
    )
    rest.create_deployment(restApiId=api["id"], stageName="prod")
    quick = http.create_api(
        Name="quick", ProtocolType="HTTP", CorsConfiguration={"AllowOrigins": ["*"]}
    )["ApiId"]
    integration = http.create_integration(
        ApiId=quick,
        IntegrationType="AWS_PROXY",
        IntegrationUri=arn,
        PayloadFormatVersion="1.0",
    )["IntegrationId"]
    for key in ("ANY /photos/{id}", "$default"):
        http.create_route(ApiId=quick, RouteKey=key, Target=f"integrations/{integration}")
    http.create_stage(ApiId=quick, StageName="$default", AutoDeploy=True)
    for name, identifier in (("rest", api["id"]), ("http", quick)):
        functions.add_permission(
            FunctionName="web",
            StatementId=name,
            Action="lambda:InvokeFunction",
            Principal="apigateway.amazonaws.com",
            SourceArn=f"arn:aws:execute-api:us-east-1:123456789012:{identifier}/*/*",
        )


def test_apis_lead_to_their_functions_in_another_lab(lab: Lab, tmp_path: Path) -> None:
    build_apis()
    exported = lab.export_sam(tmp_path / "apis")
    assert exported.left_out == ()
    assert linted(exported.template) == []
    with Lab.start() as other:
        outputs = other.deploy_sam(exported.folder).outputs
        assert call(outputs["ShopApiUrl"] + "photos/7") == "{'id': '7'}"
        assert call(outputs["QuickHttpApiUrl"] + "photos/8") == "{'id': '8'}"
        assert call(outputs["QuickHttpApiUrl"] + "elsewhere") == "None"


def build_others() -> None:
    """What SAM has no events for: other targets, other qualifiers, several targets, workflows."""
    iam, functions = boto3.client("iam"), boto3.client("lambda")
    sqs, sns, events = boto3.client("sqs"), boto3.client("sns"), boto3.client("events")
    trust = TRUST.replace("scheduler.amazonaws.com", "states.amazonaws.com")
    flow = iam.create_role(RoleName="flow-role", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    role = iam.create_role(RoleName="w", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:flow"
    statement = {"Effect": "Allow", "Action": ["states:StartExecution"], "Resource": machine}
    passing = {"Effect": "Allow", "Action": "iam:PassRole", "Resource": flow}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement, passing]})
    managed = iam.create_policy(PolicyName="start", PolicyDocument=document)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="w", PolicyArn=managed)
    functions.create_function(
        FunctionName="work",
        Runtime="python3.13",
        Role=role,
        Handler="index.handler",
        Code={"ZipFile": packages.zipped(index=SEE.replace(", words", "").split("    return")[0])},
        Environment={"Variables": {"MACHINE": machine}},
        Publish=True,
    )
    functions.create_alias(FunctionName="work", Name="live", FunctionVersion="1")
    functions.create_alias(FunctionName="work", Name="old", FunctionVersion="1")
    queue = "arn:aws:sqs:us-east-1:123456789012:inbox"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": ["sns.amazonaws.com", "s3.amazonaws.com", "events.amazonaws.com"]},
        "Action": "sqs:SendMessage",
        "Resource": queue,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.create_queue(QueueName="inbox", Attributes={"Policy": policy})
    boto3.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"}
    )
    boto3.client("s3").create_bucket(Bucket="my-drops")
    boto3.client("s3").put_bucket_notification_configuration(
        Bucket="my-drops",
        NotificationConfiguration={
            "QueueConfigurations": [{"QueueArn": queue, "Events": ["s3:ObjectCreated:*"]}]
        },
    )
    events.create_event_bus(Name="orders")
    rule = {"Rule": "paid", "EventBusName": "orders"}
    pattern = json.dumps({"source": ["shop"]})
    arn = events.put_rule(Name="paid", EventBusName="orders", EventPattern=pattern)["RuleArn"]
    targets = [{"Id": "1", "Arn": f"{ARN}work"}, {"Id": "2", "Arn": queue}]
    events.put_targets(**rule, Targets=targets)
    functions.add_permission(
        FunctionName="work",
        StatementId="rule",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=arn,
    )
    functions.create_event_source_mapping(
        FunctionName="work",
        EventSourceArn="arn:aws:kinesis:us-east-1:123456789012:stream/clicks",
        StartingPosition="TRIM_HORIZON",
    )
    state = {"Type": "Task", "Resource": f"{ARN}work:live", "End": True}
    boto3.client("stepfunctions").create_state_machine(
        name="flow",
        roleArn=flow,
        definition=json.dumps({"StartAt": "Work", "States": {"Work": state}}),
    )


def test_what_sam_has_no_event_for_is_exported_as_it_stands(lab: Lab, tmp_path: Path) -> None:
    build_others()
    exported = lab.export_sam(tmp_path / "others")
    assert linted(exported.template) == []
    assert [each for each in exported.left_out if "alias old of work" in each] == list(
        exported.left_out
    )
    # The policy names the role, so the template has to give it that name.
    resources = load(exported.template.read_text(), "")["Resources"]
    assert resources["FlowRole"]["Properties"]["RoleName"] == "flow-role"
    assert exported.command.endswith("--capabilities CAPABILITY_NAMED_IAM")
    with Lab.start() as other:
        other.deploy_sam(exported.folder)
        boto3.client("s3").put_object(Bucket="my-drops", Key="a", Body=b"x")
        boto3.client("sns").publish(
            TopicArn="arn:aws:sns:us-east-1:123456789012:news", Message="told"
        )
        entry = {"Source": "shop", "DetailType": "d", "Detail": "{}", "EventBusName": "orders"}
        boto3.client("events").put_events(Entries=[entry])
        boto3.client("kinesis").put_record(StreamName="clicks", Data=b"c", PartitionKey="p")
        machine = "arn:aws:states:us-east-1:123456789012:stateMachine:flow"
        boto3.client("stepfunctions").start_execution(stateMachineArn=machine, input='{"in": 1}')
        other.clock.advance(seconds=5)
        for source in ('"source": "shop"', '"aws:kinesis"', '{"in": 1}'):
            wait_until(lambda source=source: source in seen("work"))
        assert "function:work:live" in seen("work")
        sqs = boto3.client("sqs")
        inbox = {"QueueUrl": sqs.get_queue_url(QueueName="inbox")["QueueUrl"]}
        bodies: list[str] = []

        def arrived(text: str) -> bool:
            got = sqs.receive_message(**inbox, MaxNumberOfMessages=10).get("Messages", [])
            bodies.extend(message["Body"] for message in got)
            return any(text in body for body in bodies)

        for text in ("my-drops", "told", '"shop"'):
            wait_until(lambda text=text: arrived(text))
