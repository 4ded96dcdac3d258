"""Loops of functions that invoke themselves, stopped unless a function allows them.

docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from __future__ import annotations

from labsupport.facts import fact

from ..api.actions import Actions
from ..api.api_model import Call
from ..errors import ServiceError
from ..model import InvokeRequest
from ..moto_bridge import resolve


class Recursion:
    """What each function does about loops: "Terminate", as by default, or "Allow"."""

    def __init__(self) -> None:
        self._settings: dict[str, str] = {}

    def register(self, actions: Actions) -> None:
        """Answer the two actions on recursion configs."""
        actions.add(PutFunctionRecursionConfig=self._put, GetFunctionRecursionConfig=self._get)

    def check(self, request: InvokeRequest) -> None:
        """Refuse an invocation that is one too many in its chain of requests.

        Raises:
            ServiceError: RecursiveInvocationException.
        """
        if request.trace.times <= int(fact("invoke.recursive_loop_after").value):
            return
        if self._of(request.function.arn) == "Terminate":
            raise ServiceError(
                "RecursiveInvocationException",
                "Lambda has detected your function being invoked in a recursive loop with other "
                "AWS resources and stopped your function's invocation.",
            )

    def forget(self, function_arn: str) -> None:
        """Drop the setting of a deleted function."""
        self._settings.pop(function_arn, None)

    def _of(self, function_arn: str) -> str:
        default = str(fact("invoke.recursive_loop_default").value)
        return self._settings.get(function_arn, default)

    def _put(self, call: Call) -> dict[str, str]:
        function, _ = resolve(call.region, call.get("FunctionName"), None)
        self._settings[function.arn] = call.get("RecursiveLoop")
        return self._get(call)

    def _get(self, call: Call) -> dict[str, str]:
        function, _ = resolve(call.region, call.get("FunctionName"), None)
        return {"RecursiveLoop": self._of(function.arn)}
