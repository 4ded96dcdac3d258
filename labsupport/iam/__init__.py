"""IAM: who may do what, decided as AWS decides it.

`policies`, `conditions` and `evaluation` know nothing but policy documents; `requests` and
`resources` tell what an HTTP request needs; `moto_policies` asks moto for what it keeps; `gate`
puts them together.
"""

from .evaluation import Ask, Caller, decide
from .gate import Gate

__all__ = ["Ask", "Caller", "Gate", "decide"]
