"""The cells of a notebook whose lab has something of everything the console shows."""

from __future__ import annotations

START = """\
import boto3, json, threading, time
from labsupport import Lab
from tests.packages import TRUST, zipped
lab = Lab.start()
role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
client = boto3.client("lambda")

def create(name, source, **more):
    client.create_function(FunctionName=name, Runtime="python3.14", Role=role,
        Handler="index.handler", Code={"ZipFile": zipped(index=source)}, **more)

create("greeter", "def handler(event, context):\\n    print('greeting', event)\\n"
    "    return {'hello': event.get('name')}", MemorySize=256, Timeout=5)
create("resize-photo", "import time\\ndef handler(event, context):\\n    time.sleep(0.05)\\n"
    "    return event['key']", MemorySize=1024)
client.put_function_concurrency(FunctionName="resize-photo", ReservedConcurrentExecutions=1)"""

QUEUES = """\
sqs = boto3.client("sqs")
dead, work = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("failed-photos", "photos"))
def arn(url):
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return found["Attributes"]["QueueArn"]
letters = {"TargetArn": arn(dead)}
client.update_function_configuration(FunctionName="greeter", DeadLetterConfig=letters)
sqs.send_message(QueueUrl=work, MessageBody="1")
error = {"DataType": "String", "StringValue": "<img src=x onerror=alert(1)>"}
sqs.send_message(QueueUrl=dead, MessageBody="<b>π🦊</b>", MessageAttributes={"ErrorMessage": error})
boto3.client("kinesis").create_stream(StreamName="clicks", ShardCount=1)
boto3.client("kinesis").put_record(StreamName="clicks", Data=b"x", PartitionKey="p")
def call(name, payload):
    try:
        client.invoke(FunctionName=name, Payload=json.dumps(payload))
    except client.exceptions.TooManyRequestsException:
        pass
for n in range(3):
    call("greeter", {"name": "Ada"})
call("greeter", [])"""

SHOW = "lab.console()"
