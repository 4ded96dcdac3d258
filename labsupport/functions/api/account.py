"""What the account may use of Lambda, and what it uses.

docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
"""

from __future__ import annotations

from typing import Any

from labsupport.facts import fact

from ..assignment.concurrency import Concurrency
from ..moto_bridge import reserved_concurrency, storage
from .actions import Action
from .api_model import Call

MB = 1024 * 1024


def account_settings(concurrency: Concurrency) -> Action:
    """The GetAccountSettings action."""

    def settings(call: Call) -> dict[str, Any]:
        functions, size = storage(call.region)
        reserved = sum(reserved_concurrency(call.region).values())
        return {
            "AccountLimit": {
                "TotalCodeSize": int(fact("code.storage_gb").value) * 1024 * MB,
                "CodeSizeUnzipped": int(fact("code.unzipped_mb").value) * MB,
                "CodeSizeZipped": int(fact("code.zip_direct_mb").value) * MB,
                "ConcurrentExecutions": concurrency.limit,
                "UnreservedConcurrentExecutions": concurrency.limit - reserved,
            },
            "AccountUsage": {"TotalCodeSize": size, "FunctionCount": functions},
        }

    return settings
