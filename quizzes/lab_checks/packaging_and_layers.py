<<<<<<< HEAD
"""Looks at what lesson 10 is about: versions, and the alias that leads to them."""
=======
"""Looks at what lesson 10 has you do: a canary release."""
>>>>>>> 34fa9ee (Add lesson 10, packaging and layers)

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, missing, partly, reached


<<<<<<< HEAD
def tenth_to_second(clients: Clients) -> Found:
    """The alias `live` of `price` sends a tenth to version 2 and the rest to version 1."""
    functions = clients("lambda")
    try:
        alias = functions.get_alias(FunctionName="price", Name="live")
    except functions.exceptions.ResourceNotFoundException:
        return missing("There is no alias `live` of `price`; run the block first.")
    main = alias["FunctionVersion"]
    routing = alias.get("RoutingConfig") or {}
    shares: dict[str, float] = routing.get("AdditionalVersionWeights") or {}
    shares = {main: round(1 - sum(shares.values()), 6), **shares}
    told = " and ".join(f"{share:.0%} to version {name}" for name, share in sorted(shares.items()))
    if shares == {"1": 0.9, "2": 0.1}:
        return reached("`live` sends 90% to version 1 and 10% to version 2.")
    if set(shares) == {"1", "2"}:
        return partly(0.5, f"Both versions get calls, but `live` sends {told}.")
    return missing(f"`live` sends {told}.")
=======
def canary_at_ten(clients: Clients) -> Found:
    """The alias `live` of `quiz-menu` points to version 1 and sends a tenth to version 2."""
    functions = clients("lambda")
    try:
        found = functions.list_versions_by_function(FunctionName="quiz-menu")
    except functions.exceptions.ResourceNotFoundException:
        return missing("There is no function called `quiz-menu`: run the block above first.")
    versions = {each["Version"] for each in found["Versions"]} - {"$LATEST"}
    if not {"1", "2"} <= versions:
        return partly(0.2, f"`quiz-menu` has {len(versions)} published version(s), and needs two.")
    try:
        alias = functions.get_alias(FunctionName="quiz-menu", Name="live")
    except functions.exceptions.ResourceNotFoundException:
        return partly(0.4, "There are two versions, and no alias `live`.")
    weights = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {}
    if alias["FunctionVersion"] != "1":
        return partly(0.6, f"`live` points to version {alias['FunctionVersion']}, not to 1.")
    if weights != {"2": 0.1}:
        return partly(0.8, f"`live` points to version 1, and its further weights are {weights}.")
    return reached("`live` sends nine tenths to version 1 and one tenth to version 2.")
>>>>>>> 34fa9ee (Add lesson 10, packaging and layers)
