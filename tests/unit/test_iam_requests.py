"""What calls need the right to do: action by action, on which resources."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
import pytest
from botocore.config import Config

from labsupport.iam.requests import read
from labsupport.iam.resources import asks

A = "us-east-1:123456789012"
LAMBDA, SQS, SNS = f"arn:aws:lambda:{A}:function:", f"arn:aws:sqs:{A}:", f"arn:aws:sns:{A}:"
TABLE, LOGS = f"arn:aws:dynamodb:{A}:table/", f"arn:aws:logs:{A}:log-group:"
BUCKET, ROLE = "arn:aws:s3:::b", "arn:aws:iam::123456789012:role/r"
UUID = "01234567-89ab-cdef-0123-456789abcdef"
EVENTS = {"logEvents": [{"timestamp": 0, "message": "x"}]}
QUEUE = "http://127.0.0.1:1/123456789012/q"


class Sent(Exception):
    """Holds the request that would have been sent."""


def sent(service: str, call: str, **parameters: Any) -> dict[str, Any]:
    """The WSGI environment of a call, made by boto3 itself."""
    client = boto3.client(
        service,
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="x",
        config=Config(s3={"addressing_style": "path"}, inject_host_prefix=False),
    )
    caught: list[Any] = []

    def stop(request: Any, **_: Any) -> None:
        caught.append(request)
        raise Sent

    client.meta.events.register("before-send", stop)
    with pytest.raises(Sent):
        getattr(client, call)(**parameters)
    return environ(caught[0].method, caught[0].url, dict(caught[0].headers), caught[0].body)


def environ(method: str, url: str, headers: dict[str, Any], body: Any) -> dict[str, Any]:
    parts = urlsplit(url)
    data = body.read() if hasattr(body, "read") else body or b""
    data = data.encode() if isinstance(data, str) else data
    texts = {k: v.decode() if isinstance(v, bytes) else v for k, v in headers.items()}
    found = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in texts.items()}
    return {
        **found,
        "CONTENT_TYPE": found.get("HTTP_CONTENT_TYPE", ""),
        "CONTENT_LENGTH": str(len(data)),
        "REQUEST_METHOD": method,
        "PATH_INFO": unquote(parts.path).encode().decode("latin-1"),
        "QUERY_STRING": parts.query,
        "wsgi.input": io.BytesIO(data),
    }


def needed(service: str, call: str, **parameters: Any) -> list[tuple[str, str]]:
    return [(ask.action, ask.resource) for ask in asks(read(sent(service, call, **parameters)))]


ITEM = {"pk": {"S": "ann"}}
OBJECT = {"Bucket": "b", "Key": "a/é +k"}
PATH = f"{BUCKET}/a/é +k"
CODE = {"ZipFile": b"x"}
FUNCTION = {
    "FunctionName": "f",
    "Code": CODE,
    "Role": ROLE,
    "Runtime": "python3.14",
    "Handler": "h",
}
NOTIFY: dict[str, Any] = {"Bucket": "b", "NotificationConfiguration": {}}


@pytest.mark.parametrize(
    ("service", "call", "parameters", "expected"),
    [
        ("s3", "list_buckets", {}, [("s3:ListAllMyBuckets", "*")]),
        ("s3", "create_bucket", {"Bucket": "b"}, [("s3:CreateBucket", BUCKET)]),
        ("s3", "head_bucket", {"Bucket": "b"}, [("s3:ListBucket", BUCKET)]),
        ("s3", "list_objects", {"Bucket": "b"}, [("s3:ListBucket", BUCKET)]),
        ("s3", "list_objects_v2", {"Bucket": "b"}, [("s3:ListBucket", BUCKET)]),
        ("s3", "list_object_versions", {"Bucket": "b"}, [("s3:ListBucketVersions", BUCKET)]),
        ("s3", "get_object", OBJECT, [("s3:GetObject", PATH)]),
        ("s3", "get_object", OBJECT | {"VersionId": "1"}, [("s3:GetObjectVersion", PATH)]),
        ("s3", "head_object", OBJECT, [("s3:GetObject", PATH)]),
        ("s3", "get_object_tagging", OBJECT, [("s3:GetObjectTagging", PATH)]),
        ("s3", "put_object", OBJECT | {"Body": b"x"}, [("s3:PutObject", PATH)]),
        (
            "s3",
            "put_object",
            OBJECT | {"Tagging": "a=b", "ACL": "public-read"},
            [("s3:PutObject", PATH), ("s3:PutObjectAcl", PATH), ("s3:PutObjectTagging", PATH)],
        ),
        ("s3", "delete_object", OBJECT, [("s3:DeleteObject", PATH)]),
        ("s3", "delete_object", OBJECT | {"VersionId": "1"}, [("s3:DeleteObjectVersion", PATH)]),
        (
            "s3",
            "copy_object",
            OBJECT | {"CopySource": {"Bucket": "from", "Key": "x y"}},
            [("s3:PutObject", PATH), ("s3:GetObject", "arn:aws:s3:::from/x y")],
        ),
        ("s3", "create_multipart_upload", OBJECT, [("s3:PutObject", PATH)]),
        (
            "s3",
            "upload_part",
            OBJECT | {"UploadId": "u", "PartNumber": 1, "Body": b"x"},
            [("s3:PutObject", PATH)],
        ),
        (
            "s3",
            "upload_part_copy",
            OBJECT | {"UploadId": "u", "PartNumber": 1, "CopySource": "from/k?versionId=7"},
            [("s3:PutObject", PATH), ("s3:GetObjectVersion", "arn:aws:s3:::from/k")],
        ),
        (
            "s3",
            "complete_multipart_upload",
            OBJECT | {"UploadId": "u", "MultipartUpload": {"Parts": []}},
            [("s3:PutObject", PATH)],
        ),
        (
            "s3",
            "abort_multipart_upload",
            OBJECT | {"UploadId": "u"},
            [("s3:AbortMultipartUpload", PATH)],
        ),
        ("s3", "list_parts", OBJECT | {"UploadId": "u"}, [("s3:ListMultipartUploadParts", PATH)]),
        (
            "s3",
            "list_multipart_uploads",
            {"Bucket": "b"},
            [("s3:ListBucketMultipartUploads", BUCKET)],
        ),
        ("s3", "get_bucket_policy", {"Bucket": "b"}, [("s3:GetBucketPolicy", BUCKET)]),
        ("s3", "delete_bucket_cors", {"Bucket": "b"}, [("s3:PutBucketCORS", BUCKET)]),
        (
            "s3",
            "get_bucket_encryption",
            {"Bucket": "b"},
            [("s3:GetEncryptionConfiguration", BUCKET)],
        ),
        (
            "s3",
            "delete_bucket_lifecycle",
            {"Bucket": "b"},
            [("s3:PutLifecycleConfiguration", BUCKET)],
        ),
        (
            "s3",
            "put_bucket_notification_configuration",
            NOTIFY,
            [("s3:PutBucketNotification", BUCKET)],
        ),
        (
            "sqs",
            "send_message",
            {"QueueUrl": QUEUE, "MessageBody": "x"},
            [("sqs:SendMessage", SQS + "q")],
        ),
        (
            "sqs",
            "send_message_batch",
            {"QueueUrl": QUEUE, "Entries": []},
            [("sqs:SendMessage", SQS + "q")],
        ),
        ("sqs", "create_queue", {"QueueName": "q"}, [("sqs:CreateQueue", SQS + "q")]),
        ("sqs", "get_queue_url", {"QueueName": "q"}, [("sqs:GetQueueUrl", SQS + "q")]),
        ("sqs", "list_queues", {}, [("sqs:ListQueues", SQS)]),
        ("sns", "publish", {"TopicArn": SNS + "t", "Message": "x"}, [("sns:Publish", SNS + "t")]),
        ("sns", "publish", {"PhoneNumber": "+49", "Message": "x"}, [("sns:Publish", "+49")]),
        (
            "sns",
            "publish_batch",
            {"TopicArn": SNS + "t", "PublishBatchRequestEntries": []},
            [("sns:Publish", SNS + "t")],
        ),
        ("sns", "create_topic", {"Name": "t"}, [("sns:CreateTopic", SNS + "t")]),
        (
            "sns",
            "unsubscribe",
            {"SubscriptionArn": SNS + "t:0000"},
            [("sns:Unsubscribe", SNS + "t")],
        ),
        ("sns", "list_topics", {}, [("sns:ListTopics", SNS + "*")]),
        (
            "dynamodb",
            "get_item",
            {"TableName": "t", "Key": ITEM},
            [("dynamodb:GetItem", TABLE + "t")],
        ),
        (
            "dynamodb",
            "get_item",
            {"TableName": TABLE + "t", "Key": ITEM},
            [("dynamodb:GetItem", TABLE + "t")],
        ),
        (
            "dynamodb",
            "query",
            {"TableName": "t", "IndexName": "by_date", "KeyConditionExpression": "a = :a"},
            [("dynamodb:Query", TABLE + "t/index/by_date")],
        ),
        (
            "dynamodb",
            "batch_get_item",
            {"RequestItems": {"t": {"Keys": [ITEM]}, "u": {"Keys": [ITEM]}}},
            [("dynamodb:BatchGetItem", TABLE + "t"), ("dynamodb:BatchGetItem", TABLE + "u")],
        ),
        (
            "dynamodb",
            "batch_write_item",
            {"RequestItems": {"t": [{"PutRequest": {"Item": ITEM}}]}},
            [("dynamodb:BatchWriteItem", TABLE + "t")],
        ),
        (
            "dynamodb",
            "transact_write_items",
            {
                "TransactItems": [
                    {"Put": {"TableName": "t", "Item": ITEM}},
                    {
                        "ConditionCheck": {
                            "TableName": "u",
                            "Key": ITEM,
                            "ConditionExpression": "attribute_exists(pk)",
                        }
                    },
                ]
            },
            [("dynamodb:PutItem", TABLE + "t"), ("dynamodb:ConditionCheckItem", TABLE + "u")],
        ),
        (
            "dynamodb",
            "execute_statement",
            {"Statement": 'SELECT * FROM "t"."i" WHERE a=1'},
            [("dynamodb:PartiQLSelect", TABLE + "t/index/i")],
        ),
        (
            "dynamodb",
            "batch_execute_statement",
            {
                "Statements": [
                    {"Statement": "insert into t value {}"},
                    {"Statement": "UPDATE u SET a=1"},
                ]
            },
            [("dynamodb:PartiQLInsert", TABLE + "t"), ("dynamodb:PartiQLUpdate", TABLE + "u")],
        ),
        ("dynamodb", "list_tables", {}, [("dynamodb:ListTables", TABLE + "*")]),
        (
            "dynamodbstreams",
            "describe_stream",
            {"StreamArn": TABLE + "t/stream/2026-11-21T00:00:00.000"},
            [("dynamodb:DescribeStream", TABLE + "t/stream/2026-11-21T00:00:00.000")],
        ),
        (
            "dynamodbstreams",
            "get_records",
            {"ShardIterator": TABLE + "t/stream/1|1|abc"},
            [("dynamodb:GetRecords", TABLE + "t/stream/1")],
        ),
        ("lambda", "invoke", {"FunctionName": "f"}, [("lambda:InvokeFunction", LAMBDA + "f")]),
        (
            "lambda",
            "invoke",
            {"FunctionName": "f", "Qualifier": "live"},
            [("lambda:InvokeFunction", LAMBDA + "f:live")],
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": "f:live"},
            [("lambda:InvokeFunction", LAMBDA + "f:live")],
        ),
        (
            "lambda",
            "invoke",
            {"FunctionName": LAMBDA + "f:1"},
            [("lambda:InvokeFunction", LAMBDA + "f:1")],
        ),
        (
            "lambda",
            "get_function_configuration",
            {"FunctionName": "123456789012:function:f"},
            [("lambda:GetFunctionConfiguration", LAMBDA + "f")],
        ),
        ("lambda", "list_functions", {}, [("lambda:ListFunctions", "*")]),
        (
            "lambda",
            "create_function",
            FUNCTION,
            [("lambda:CreateFunction", LAMBDA + "f"), ("iam:PassRole", ROLE)],
        ),
        (
            "lambda",
            "update_function_configuration",
            {"FunctionName": "f", "Layers": [f"arn:aws:lambda:{A}:layer:l:1"]},
            [
                ("lambda:UpdateFunctionConfiguration", LAMBDA + "f"),
                ("lambda:GetLayerVersion", f"arn:aws:lambda:{A}:layer:l:1"),
            ],
        ),
        (
            "lambda",
            "update_function_code",
            {"FunctionName": "f", "ZipFile": b"x"},
            [("lambda:UpdateFunctionCode", LAMBDA + "f")],
        ),
        (
            "lambda",
            "get_layer_version",
            {"LayerName": "l", "VersionNumber": 1},
            [("lambda:GetLayerVersion", f"arn:aws:lambda:{A}:layer:l:1")],
        ),
        (
            "lambda",
            "delete_event_source_mapping",
            {"UUID": UUID},
            [
                (
                    "lambda:DeleteEventSourceMapping",
                    f"arn:aws:lambda:{A}:event-source-mapping:{UUID}",
                )
            ],
        ),
        (
            "logs",
            "put_log_events",
            {
                "logGroupName": "/aws/g",
                "logStreamName": "s",
                "logEvents": [{"timestamp": 0, "message": "x"}],
            },
            [("logs:PutLogEvents", LOGS + "/aws/g:log-stream:s")],
        ),
        (
            "logs",
            "create_log_group",
            {"logGroupName": "/aws/g"},
            [("logs:CreateLogGroup", LOGS + "/aws/g:log-stream:")],
        ),
        (
            "logs",
            "filter_log_events",
            {"logGroupIdentifier": LOGS + "/aws/g"},
            [("logs:FilterLogEvents", LOGS + "/aws/g:log-stream:")],
        ),
        ("logs", "describe_log_groups", {}, [("logs:DescribeLogGroups", LOGS + ":log-stream:")]),
        (
            "logs",
            "list_tags_for_resource",
            {"resourceArn": LOGS + "g"},
            [("logs:ListTagsForResource", LOGS + "g")],
        ),
        # Best effort: the action is right, the resource where it is evident.
        ("sts", "get_caller_identity", {}, []),
        (
            "sts",
            "assume_role",
            {"RoleArn": ROLE, "RoleSessionName": "me"},
            [("sts:AssumeRole", ROLE)],
        ),
        (
            "iam",
            "put_role_policy",
            {"RoleName": "r", "PolicyName": "p", "PolicyDocument": "{}"},
            [("iam:PutRolePolicy", ROLE)],
        ),
        ("iam", "list_roles", {}, [("iam:ListRoles", "*")]),
        (
            "kinesis",
            "put_record",
            {"StreamName": "s", "Data": b"", "PartitionKey": "p"},
            [("kinesis:PutRecord", f"arn:aws:kinesis:{A}:stream/s")],
        ),
        (
            "events",
            "put_events",
            {"Entries": [{"Source": "x", "DetailType": "y", "Detail": "{}"}]},
            [("events:PutEvents", f"arn:aws:events:{A}:event-bus/default")],
        ),
        ("events", "put_rule", {"Name": "r"}, [("events:PutRule", f"arn:aws:events:{A}:rule/r")]),
        (
            "ssm",
            "get_parameters",
            {"Names": ["/a/b", "c"]},
            [
                ("ssm:GetParameters", f"arn:aws:ssm:{A}:parameter/a/b"),
                ("ssm:GetParameters", f"arn:aws:ssm:{A}:parameter/c"),
            ],
        ),
        (
            "secretsmanager",
            "get_secret_value",
            {"SecretId": "db"},
            [("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{A}:secret:db")],
        ),
        (
            "stepfunctions",
            "start_execution",
            {"stateMachineArn": f"arn:aws:states:{A}:stateMachine:m"},
            [("states:StartExecution", f"arn:aws:states:{A}:stateMachine:m")],
        ),
        (
            "scheduler",
            "create_schedule",
            {
                "Name": "daily",
                "ScheduleExpression": "rate(1 day)",
                "FlexibleTimeWindow": {"Mode": "OFF"},
                "Target": {"Arn": LAMBDA + "f", "RoleArn": ROLE},
            },
            [
                ("scheduler:CreateSchedule", f"arn:aws:scheduler:{A}:schedule/default/daily"),
                ("iam:PassRole", ROLE),
            ],
        ),
        (
            "cloudwatch",
            "put_metric_data",
            {"Namespace": "n", "MetricData": []},
            [("cloudwatch:PutMetricData", "*")],
        ),
        ("ec2", "describe_instances", {}, [("ec2:DescribeInstances", "*")]),
        (
            "apigateway",
            "get_rest_apis",
            {},
            [("apigateway:GET", "arn:aws:apigateway:us-east-1::/restapis")],
        ),
    ],
)
def test_a_call_needs(
    service: str, call: str, parameters: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert needed(service, call, **parameters) == expected


def test_the_body_is_still_there_for_the_service() -> None:
    request = sent("sqs", "send_message", QueueUrl=QUEUE, MessageBody="hello")
    read(request)
    assert b"hello" in request["wsgi.input"].read()


def test_listing_a_bucket_tells_prefix_and_delimiter() -> None:
    call = sent("s3", "list_objects_v2", Bucket="b", Prefix="ann/", Delimiter="/", MaxKeys=5)
    [ask] = asks(read(call))
    assert ask.context == {"s3:prefix": "ann/", "s3:delimiter": "/", "s3:max-keys": "5"}


def test_sqs_in_its_old_protocol_at_the_address_of_the_queue() -> None:
    headers = {
        "Authorization": "AWS4-HMAC-SHA256 Credential=AKIA/20261121/us-east-1/sqs/aws4_request, x",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = b"Action=SendMessage&MessageBody=x&Version=2012-11-05"
    [ask] = asks(read(environ("POST", "http://127.0.0.1:1/123456789012/q", headers, body)))
    assert (ask.action, ask.resource) == ("sqs:SendMessage", SQS + "q")


def test_a_presigned_address_needs_what_the_call_needs() -> None:
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        aws_access_key_id="AKIA",
        aws_secret_access_key="x",
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    url = client.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "k"})
    [ask] = asks(read(environ("GET", url, {}, b"")))
    assert (ask.action, ask.resource) == ("s3:GetObject", BUCKET + "/k")


def test_a_body_that_is_no_json_names_nothing() -> None:
    request = sent("dynamodb", "list_tables")
    request["wsgi.input"] = io.BytesIO(b"{]" + b" " * (int(request["CONTENT_LENGTH"]) - 2))
    [ask] = asks(read(request))
    assert ask.action == "dynamodb:ListTables"
