"""Looks at what lesson 10 is about: layers, versions, and the alias that leads to them."""

from __future__ import annotations

from quizzes.lab_checks import Clients, Found, if_there, missing, partly, reached


def tenth_to_second(clients: Clients) -> Found:
    """The alias `live` of `price` sends a tenth to version 2 and the rest to version 1."""
    functions = clients("lambda")
    alias = if_there(functions.get_alias, FunctionName="price", Name="live")
    if alias is None:
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


def newest_layer(clients: Clients) -> Found:
    """`quiz-menu` uses the second version, or a later one, of the layer `quiz-words`."""
    functions = clients("lambda")
    found = if_there(functions.get_function_configuration, FunctionName="quiz-menu")
    if found is None:
        return missing("There is no function called `quiz-menu`: run the block above first.")
    versions = functions.list_layer_versions(LayerName="quiz-words")["LayerVersions"]
    numbers = [each["Version"] for each in versions]
    if not numbers:
        return missing("There is no layer `quiz-words`: run the block above first.")
    if max(numbers) < 2:
        return missing("The layer `quiz-words` has one version, and no second one yet.")
    named = [each["Arn"].split(":")[6:8] for each in found.get("Layers", [])]
    used = [number for layer, number in named if layer == "quiz-words" and number != "1"]
    if not used:
        return partly(0.5, "The layer has a second version, and `quiz-menu` does not use it.")
    return reached(f"`quiz-menu` uses version {used[0]} of the layer `quiz-words`.")
