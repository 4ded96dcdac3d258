"""What a design costs, worked out in exact decimals from the dated prices in `labsupport.facts`.

>>> from labsupport.pricing import lambda_cost
>>> lambda_cost(requests=3_000_000, duration_ms=120, memory_mb=1536).total
Decimal('2.73')
"""

from .bill import Bill, Line
from .functions import Durable, Pollers, Provisioned, SnapStart, billed_requests, lambda_cost
from .variants import edge_cost, managed_instances_cost

__all__ = [
    "Bill",
    "Durable",
    "Line",
    "Pollers",
    "Provisioned",
    "SnapStart",
    "billed_requests",
    "edge_cost",
    "lambda_cost",
    "managed_instances_cost",
]
