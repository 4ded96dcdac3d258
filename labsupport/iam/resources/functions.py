"""Lambda's operations and their permissions.

https://docs.aws.amazon.com/lambda/latest/dg/lambda-api-permissions-ref.html
"""

from __future__ import annotations

import re

from ..evaluation import Ask
from ..policies import texts
from ..requests import Call

_ACTIONS = {
    "GetLayerVersionByArn": "GetLayerVersion",
    "Invoke": "InvokeFunction",
    "InvokeWithResponseStream": "InvokeFunction",
}
_NAME = re.compile(
    r"(?:arn:aws[a-z-]*:lambda:(?P<region>[a-z0-9-]+):)?(?:(?P<account>\d{12}):)?(?:function:)?"
    r"(?P<name>[^:]+)(?::(?P<qualifier>[^:]+))?"
)
_ARNS = ("Resource", "ResourceArn", "CodeSigningConfigArn", "DurableExecutionArn", "Arn")
_CONTEXT = {
    "FunctionUrlAuthType": "lambda:functionurlauthtype",
    "AuthType": "lambda:functionurlauthtype",
    "Principal": "lambda:principal",
}
# They list what a function has, without being on the function.
_ON_NOTHING = {"ListEventSourceMappings", "ListLayerVersions"}


def asks(call: Call) -> list[Ask]:
    """What a Lambda call needs: on a function, with the qualifier where one is given."""
    context: dict[str, str | tuple[str, ...]]
    context = {key: call.text(p) for p, key in _CONTEXT.items() if p in call.parameters}
    if layers := texts(call.parameters.get("Layers")):
        context["lambda:layer"] = layers
    if "EventSourceMapping" in call.operation and "FunctionName" in call.parameters:
        context["lambda:functionarn"] = _function(call)
    action = f"lambda:{_ACTIONS.get(call.operation, call.operation)}"
    found = [Ask(action, _resource(call), context)]
    # The layers a function is given have to be readable for who gives them.
    return found + [Ask("lambda:GetLayerVersion", layer) for layer in layers]


def _resource(call: Call) -> str:
    if call.operation in _ON_NOTHING:
        return "*"
    if uuid := call.text("UUID"):
        return call.arn(f"event-source-mapping:{uuid}")
    if call.operation == "CreateEventSourceMapping":
        return "*"
    if layer := call.text("LayerName"):
        name = layer if layer.startswith("arn:") else call.arn(f"layer:{layer}")
        return f"{name}:{version}" if (version := call.text("VersionNumber")) else name
    if call.text("FunctionName"):
        return _function(call)
    return call.text(*_ARNS) or "*"


def _function(call: Call) -> str:
    """The ARN a call means by a function's name, partial ARN or ARN."""
    parts = _NAME.fullmatch(call.text("FunctionName"))
    if parts is None:
        return "*"
    arn = call.arn(f"function:{parts['name']}")
    if parts["account"]:
        arn = re.sub(r":\d{12}:", f":{parts['account']}:", arn)
    if parts["region"]:
        arn = arn.replace(f":{call.region}:", f":{parts['region']}:")
    qualifier = call.text("Qualifier") or parts["qualifier"]
    return f"{arn}:{qualifier}" if qualifier else arn
