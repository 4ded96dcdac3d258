"""Panels to try designs with: what a function will cost, which compute costs least, which fits.

Those about costs have sliders whose values can be typed too; `compute_chooser` asks questions. Each
answers with a sentence and a table. Where no widget runs, the answer to the values it was made with
stands there as text.
"""

from .choosing import compute_chooser
from .compute import compute_explorer
from .cost import cost_explorer
from .explorer import Answer, Explorer

__all__ = ["Answer", "Explorer", "compute_chooser", "compute_explorer", "cost_explorer"]
