"""SQS's and SNS's operations and their permissions.

docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html
"""

from __future__ import annotations

from labsupport.credentials import ACCOUNT_ID

from ..evaluation import Ask
from ..requests import Call


def sqs(call: Call) -> list[Ask]:
    """What an SQS call needs: batches need what their single operations need."""
    operation = call.operation.removesuffix("Batch")
    action = f"sqs:{operation}"
    if source := call.text("SourceArn"):
        resource = source
    else:
        account, _, name = call.text("QueueUrl").rstrip("/").rpartition("/")
        account = account.rpartition("/")[2]
        name = call.text("QueueName") or name
        account = account if account.isdigit() else ACCOUNT_ID
        resource = f"arn:aws:sqs:{call.region}:{account}:{name}"
    return [Ask(action, resource, shown=action.lower())]


def sns(call: Call) -> list[Ask]:
    """What an SNS call needs; a subscription is its topic's, a phone number stands for itself."""
    operation = call.operation.removesuffix("Batch")
    target = call.text("TopicArn", "TargetArn", "ResourceArn", "SubscriptionArn", "PhoneNumber")
    if target.startswith("arn:") and ":app/" not in target and ":endpoint/" not in target:
        target = ":".join(target.split(":")[:6])
    context = {}
    if protocol := call.text("Protocol"):
        context["sns:protocol"] = protocol
    if endpoint := call.text("Endpoint", "NotificationEndpoint"):
        context["sns:endpoint"] = endpoint
    name = call.text("Name") if operation == "CreateTopic" else "*"
    return [Ask(f"sns:{operation}", target or call.arn(name), context, f"SNS:{operation}")]
