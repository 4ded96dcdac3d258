"""Turns a lesson's MyST prose into the plain Markdown that JupyterLab and GitHub both show.

| role or directive | becomes |
|---|---|
| {fact}`id` | the value with its unit; `id` may name a part, as `invoke.status_codes.Event` |
| {value}`id` | the value alone |
| {reported}`id` | a value of low confidence, with the words that say so |
| {cite}`id` | nothing: the fact stands behind a sentence and is listed among the sources |
| {lesson-header} | objectives, minutes and prerequisites from the outline |
| {next-lesson} | the pointer to the lesson that follows |
| {admonition} | a block quote with its title in bold |

Other fences stay as they are.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from course.outline import Lesson, Outline
from labsupport.facts import Fact, FactError, lookup, spell, spell_value

ROLES = ("fact", "value", "reported", "cite")
_ROLE = re.compile(r"(?P<space> ?)\{(?P<role>[a-z-]+)\}`(?P<fact>[^`]*)`")
_OPENING = re.compile(r"(`{3,}|~{3,})\s*(?:\{([a-z-]+)\})?\s*(.*)")
_IMAGE = re.compile(r"!\[\s*\]\(|<img(?![^>]*\balt=\"[^\"]+\")[^>]*>")
_WEB = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}(/\S*)?")
_MARKDOWN = str.maketrans({"<": "&lt;", "*": r"\*", "|": r"\|"})


@dataclass
class Prose:
    """Renders the text of one edition of one lesson, gathering the facts and mistakes it meets."""

    outline: Outline
    lesson: Lesson
    file: str
    solved: bool
    facts: dict[str, Fact] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)
    directives: list[str] = field(default_factory=list)

    def complain(self, line: int, mistake: str) -> None:
        """Notes a mistake of the author's, with its line in the lesson's source."""
        self.mistakes.append(f"{self.file}, line {line}: {mistake}")

    def use(self, reference: str, line: int) -> Fact | None:
        """Looks a fact up and keeps it for the list of sources."""
        try:
            found = lookup(reference)
        except FactError as error:
            self.complain(line, str(error))
            return None
        self.facts[reference] = found
        return found

    def render(self, text: str, line: int) -> str:
        """The Markdown of one cell that begins on this line of the source."""
        out: list[str] = []
        lines = text.split("\n")
        place = 0
        while place < len(lines):
            opening = _OPENING.match(lines[place])
            if opening is None:
                out.append(self._roles(lines[place], line + place))
                place += 1
                continue
            end = _end_of_fence(lines, place, opening[1])
            out += self._fence(opening, lines[place : end + 1], line + place)
            if opening[3] == "mermaid":
                self._diagram(lines[place:], end - place, line + place)
            place = end + 1
        return "\n".join(out)

    def _fence(self, opening: re.Match[str], lines: list[str], line: int) -> list[str]:
        directive, title = opening[2], opening[3]
        if directive is None:
            return lines
        self.directives.append(directive)
        match directive:
            case "lesson-header":
                return self._header()
            case "next-lesson":
                return self._next()
            case "admonition":
                body = self.render("\n".join(lines[1:-1]).strip("\n"), line + 1)
                head = f"**{self._roles(title, line)}**"
                return [f"> {each}".rstrip() for each in [head, "", *body.split("\n")]]
        self.complain(line, f"there is no directive {{{directive}}}.")
        return lines

    def _diagram(self, lines: list[str], end: int, line: int) -> None:
        if not any(each.strip().startswith("accDescr") for each in lines[:end]):
            self.complain(line, "a diagram needs an accDescr line for screen readers.")
        following = next((each for each in lines[end + 1 :] if each.strip()), "#")
        if following.startswith(("#", "```", "!", "<")):
            self.complain(line, "a diagram needs a sentence after it that says the same.")

    def _roles(self, text: str, line: int) -> str:
        if _IMAGE.search(text):
            self.complain(line, "an image needs alternative text.")

        def fill(found: re.Match[str]) -> str:
            words = self._role(found["role"], found["fact"].strip(), line)
            return found["space"] + words if words else ""

        return _ROLE.sub(fill, text)

    def _role(self, role: str, reference: str, line: int) -> str:
        if role not in ROLES:
            self.complain(line, f"there is no role {{{role}}}; there are {', '.join(ROLES)}.")
            return reference
        found = self.use(reference, line)
        if found is None:
            return reference
        hedged = role == "reported"
        if found.confidence == "low" and not hedged:
            hint = f"write {{reported}}`{reference}`"
            self.complain(line, f"{reference} is of low confidence: {hint}.")
        if found.confidence == "high" and hedged:
            self.complain(line, f"{reference} is well confirmed: write {{fact}}`{reference}`.")
        if role == "cite":
            return ""
        try:
            words = spell_value(found) if role == "value" else spell(found)
        except FactError as error:
            self.complain(line, str(error))
            return reference
        return _quoted(words) + (" (reported, not confirmed)" if hedged else "")

    def _header(self) -> list[str]:
        lesson = self.lesson
        before = [self._link(self.outline.lesson(each)) for each in lesson.prerequisites]
        after = f" · comes after {', '.join(before)}" if before else ""
        solved = ["*Solved edition, for instructors.*", ""] if self.solved else []
        abilities = [f"- {objective.text}" for objective in lesson.objectives]
        tail = ["", f"*{lesson.minutes} minutes{after}*"]
        return [*solved, "After this lesson you can", "", *abilities, *tail]

    def _next(self) -> list[str]:
        following = self.outline.after(self.lesson)
        if following is None:
            return ["This was the last lesson."]
        text = f"**Next:** {self._link(following)}"
        ready = [each for each in self.outline.lessons[following.number :] if each.ready]
        if not following.ready and ready:
            text += f". Already open: {self._link(ready[0])}"
        return [f"{text}."]

    def _link(self, lesson: Lesson) -> str:
        name = f"{lesson.label} {lesson.title}"
        return f"[{name}]({lesson.stem}.ipynb)" if lesson.ready else f"{name} (planned)"

    def sources(self) -> str | None:
        """The collapsed list of every fact used, None when there was none."""
        if not self.facts:
            return None
        entries = [_entry(reference, self.facts[reference]) for reference in sorted(self.facts)]
        return "\n".join(
            [
                "<details>",
                "<summary>Where the numbers come from</summary>",
                "",
                *entries,
                "",
                "</details>",
            ]
        )


def _entry(reference: str, found: Fact) -> str:
    sources = "; ".join(_linked(each.strip()) for each in found.source.split(";"))
    doubt = "" if found.confidence == "high" else f", {found.confidence} confidence"
    note = found.note.translate(_MARKDOWN)
    return (
        f"- `{reference}`: **{_words(found)}**. {note} "
        f"Source: {sources} (checked {found.checked}{doubt})."
    )


def _words(found: Fact) -> str:
    match found.value:
        case None:
            return "not known"
        case bool():
            return "yes" if found.value else "no"
    try:
        return _quoted(spell(found))
    except FactError:
        return "several values"


def _linked(source: str) -> str:
    if _WEB.fullmatch(source) and "/" in source:
        return f"[{source}](https://{source})"
    return source.translate(_MARKDOWN)


def _quoted(words: str) -> str:
    """Markdown for a value: as code where it is something to be typed."""
    code = words.startswith(("/", "-")) and "`" not in words
    return f"`{words}`" if code else words.translate(_MARKDOWN)


def _end_of_fence(lines: list[str], start: int, fence: str) -> int:
    for place in range(start + 1, len(lines)):
        rest = lines[place].strip()
        if len(rest) >= len(fence) and set(rest) == {fence[0]}:
            return place
    return len(lines) - 1
