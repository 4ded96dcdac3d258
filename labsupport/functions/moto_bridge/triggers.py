"""moto's own deliveries from SNS to functions, which ask no policy whether they may."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

MayInvoke = Callable[[str, str, str], bool]
"""Whether a service may invoke a function: the function's ARN, the service, the source's ARN."""

log = logging.getLogger("labsupport.functions")


def sns_delivery(may_invoke: MayInvoke, publish: Callable[..., None]) -> Callable[..., None]:
    """Deliver a topic's message where the function's policy allows it."""

    def permitted(subscription: Any, *args: Any, **kwargs: Any) -> None:
        function, topic = subscription.endpoint, subscription.topic.arn
        if subscription.protocol != "lambda" or _permitted(
            may_invoke, function, "sns.amazonaws.com", topic
        ):
            publish(subscription, *args, **kwargs)

    return permitted


def _permitted(may_invoke: MayInvoke, function_arn: str, service: str, source_arn: str) -> bool:
    if may_invoke(function_arn, service, source_arn):
        return True
    log.info("%s may not invoke %s for %s", service, function_arn, source_arn)
    return False
