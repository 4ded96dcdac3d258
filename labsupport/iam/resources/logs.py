"""CloudWatch Logs' operations and their permissions.

Every action but those on tags is on "log-group:NAME:log-stream:STREAM", where what isn't named is
empty, so that a policy for a log group needs its ARN with ":*".
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
"""

from __future__ import annotations

from ..evaluation import Ask
from ..policies import texts
from ..requests import Call

_BY_ARN = {"ListTagsForResource", "TagResource", "UntagResource"}


def asks(call: Call) -> list[Ask]:
    """What a call needs, for each log group it names."""
    action = f"logs:{call.operation}"
    if call.operation in _BY_ARN:
        return [Ask(action, call.text("resourceArn", "ResourceArn"))]
    stream = call.text("logStreamName")
    found = []
    for parameter in ("logGroupName", "logGroupIdentifier", "logGroupNames", "logGroupIdentifiers"):
        for group in texts(call.parameters.get(parameter)):
            name = group.split(":")[6] if group.startswith("arn:") else group
            found.append(Ask(action, call.arn(f"log-group:{name}:log-stream:{stream}")))
    return found or [Ask(action, call.arn("log-group::log-stream:"))]
