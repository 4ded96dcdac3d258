"""Panels to try designs with: what a function will cost, and which compute costs least.

Each has sliders whose values can be typed too, and answers with a sentence, bars and a table. Where
no widget runs, the answer to the values it was made with stands there as text.
"""

from .compute import compute_explorer
from .cost import cost_explorer
from .explorer import Answer, Explorer

__all__ = ["Answer", "Explorer", "compute_explorer", "cost_explorer"]
