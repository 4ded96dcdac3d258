"""Numbers, names and dates about AWS, each with its unit, its source and the day it was checked.

>>> fact("timeout.default_s").value
3
>>> spell(fact("memory.max_mb"))
'10,240 MB'

The records are the YAML files beside this module; README.md there explains the fields.
"""

from labsupport.facts.records import Fact, FactError, all_facts, fact, lookup
from labsupport.facts.spelling import spell, spell_value

__all__ = ["Fact", "FactError", "all_facts", "fact", "lookup", "spell", "spell_value"]
