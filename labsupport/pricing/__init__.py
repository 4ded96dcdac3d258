"""What a design costs, worked out in exact decimals from the dated prices in `labsupport.facts`.

>>> from labsupport.pricing import lambda_cost
>>> lambda_cost(requests=3_000_000, duration_ms=120, memory_mb=1536).total
Decimal('2.73')
"""

from . import options
from .bill import Bill, Line
from .comparing import Comparison, compare, crossover, usual_options
from .functions import Durable, Pollers, Provisioned, SnapStart, billed_requests, lambda_cost
from .variants import edge_cost, managed_instances_cost
from .workload import EVENING, FLAT, OFFICE, Workload

__all__ = [
    "EVENING",
    "FLAT",
    "OFFICE",
    "Bill",
    "Comparison",
    "Durable",
    "Line",
    "Pollers",
    "Provisioned",
    "SnapStart",
    "Workload",
    "billed_requests",
    "compare",
    "crossover",
    "edge_cost",
    "lambda_cost",
    "managed_instances_cost",
    "options",
    "usual_options",
]
