import itertools
import linecache
import signal
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import quizzes.store
from course import check, checking, guard, lessons
from course.checking import Attempt, CheckError
from course.results import Outcome

NAME = "first_function.sample"
HINTS = ("Look at `event`.", "`event['name']` is the name.")
LESSON = """\
# Your first function

```{code-cell} ipython3
:tags: [exercise]

# solution
def handler(event, context):
    return {"greeting": f"Hello, {event['name']}!"}
# stub
#: def handler(event, context):
#:     greeting = ""  # your code
#:     return greeting
# end
```

```{code-cell} ipython3
check("first_function.sample", handler)
```
"""
_numbers = itertools.count()


def cell(code: str) -> Any:
    """What a cell defines as `handler`, run as a kernel runs it: in `__main__`, with its source."""
    file = f"<cell {next(_numbers)}>"
    code = textwrap.dedent(code).strip("\n") + "\n"
    linecache.cache[file] = (len(code), None, code.splitlines(keepends=True), file)
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(code, file, "exec"), names)
    return names["handler"]


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(quizzes.store, "record", lambda **call: calls.append(call))
    return calls


@pytest.fixture(autouse=True)
def sample(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, recorded: list[dict[str, Any]]) -> None:
    def greets(attempt: Attempt, handler: Callable[..., Any]) -> None:
        attempt.given(handler)
        answer = attempt.call(handler, {"name": "Ada"}, None)
        attempt.expect(
            isinstance(answer, dict),
            passed="it answers with a dict",
            failed=f"it answers with `{answer!r}`, which is no dict",
        )
        attempt.expect(
            answer["greeting"] == "Hello, Ada!",
            passed="it greets Ada",
            failed=f"it greets with `{answer['greeting']!r}`",
        )

    monkeypatch.setattr(lessons, "LESSONS", tmp_path)
    (tmp_path / "02-your-first-function.md").write_text(LESSON, encoding="utf-8")
    monkeypatch.setitem(checking._checks, NAME, checking._Check(NAME, greets, HINTS, 0.3))
    monkeypatch.setattr(checking, "_hints_shown", {})


def test_a_right_answer_passes_and_says_what_was_checked() -> None:
    result = check(
        NAME, cell("def handler(e, c): return {'greeting': 'Hello, ' + e['name'] + '!'}")
    )
    assert result.outcome is Outcome.PASSED
    assert repr(result) == (
        "Passed: first_function.sample\n  yes      it answers with a dict\n  yes      it greets Ada"
    )


def test_a_wrong_answer_is_not_yet_right_and_says_in_which_point() -> None:
    result = check(NAME, cell("def handler(e, c): return {'greeting': 'Hi'}"))
    assert result.outcome is Outcome.NOT_YET
    assert "  yes      it answers with a dict\n" in repr(result)
    assert "  not yet  it greets with `'Hi'`\n" in repr(result)


@pytest.mark.parametrize(
    "code",
    [
        "handler = ...",
        "handler = None",
        "def handler(event, context): ...",
        "def handler(event, context):\n    '''Says hello.'''\n    pass",
        "def handler(event, context): return None",
        "async def handler(event, context):\n    return ...",
        "def handler(event, context):\n    greeting = ''\n    return greeting  # my comment",
    ],
)
def test_the_stub_is_not_an_attempt(code: str, recorded: list[dict[str, Any]]) -> None:
    result = check(NAME, cell(code))
    assert result.outcome is Outcome.NOT_ATTEMPTED
    assert recorded == []


def test_a_handler_that_differs_from_the_stub_is_an_attempt() -> None:
    code = "def handler(event, context):\n    greeting = 'x'\n    return greeting"
    assert check(NAME, cell(code)).outcome is Outcome.NOT_YET


def test_nothing_given_is_not_an_attempt_and_says_what_to_give() -> None:
    result = check(NAME)
    assert result.outcome is Outcome.NOT_ATTEMPTED
    assert "Give your handler to check." in repr(result)


def test_an_exception_of_the_learner_s_is_one_line_with_the_place_in_their_cell() -> None:
    result = check(NAME, cell("def handler(event, context):\n    x = 1\n    return event['nam']"))
    assert result.outcome is Outcome.RAISED
    assert "  `KeyError: 'nam'` (line 3 of your cell, in `handler`: `return event['nam']`)" in repr(
        result
    )
    assert "Traceback" not in repr(result)
    assert "checking.py" not in repr(result)


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("return handler(e, c)", "RecursionError: maximum recursion depth exceeded"),
        ("raise type('Odd', (Exception,), {'__str__': lambda s: 1 / 0})()", "Odd"),
        ("raise type('Quitter', (Exception,), {'__str__': lambda s: quit()})()", "Quitter"),
        ("raise ValueError('first\\nsecond')", "ValueError: first"),
        ("raise ValueError('x' * 10**7)", "ValueError: xxx"),
    ],
)
def test_whatever_the_learner_s_code_raises_the_check_goes_on(body: str, line: str) -> None:
    result = check(NAME, cell(f"def handler(e, c): {body}"))
    assert result.outcome is Outcome.RAISED
    assert f"`{line}" in repr(result)
    assert len(repr(result)) < 2_000


def test_a_wrong_signature_is_the_learner_s_error() -> None:
    result = check(NAME, cell("def handler(event): return {}"))
    assert result.outcome is Outcome.RAISED
    assert "TypeError: handler() takes 1 positional argument but 2 were given" in repr(result)


def test_a_return_value_the_check_cannot_read_is_not_yet_right() -> None:
    result = check(NAME, cell("def handler(e, c): return 7"))
    assert result.outcome is Outcome.NOT_YET
    assert "not yet  it answers with `7`, which is no dict" in repr(result)
    assert "could not go on with what it was given: `TypeError: 'int' object" in repr(result)


def test_a_return_value_that_fails_at_being_shown_is_the_learner_s_error() -> None:
    code = """
        class Odd:
            def __repr__(self):
                raise RuntimeError("no")

        def handler(e, c):
            return Odd()
    """
    result = check(NAME, cell(code))
    assert result.outcome is Outcome.RAISED
    assert "line 3 of your cell, in `__repr__`" in repr(result)


@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "time.sleep(60)",
        "while True:\n        try: time.sleep(60)\n        except BaseException: pass",
        "while True:\n        try: x = 1\n        except BaseException: continue",
    ],
)
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no alarm on this system")
def test_code_that_does_not_end_is_stopped_and_the_kernel_stays_usable(body: str) -> None:
    handler_before = signal.getsignal(signal.SIGALRM)
    tracer_before = sys.gettrace()
    started = time.monotonic()
    result = check(NAME, cell(f"import time\ndef handler(e, c):\n    {body}"))
    assert result.outcome is Outcome.RAISED
    assert "still running after 0.3 seconds and was stopped (line " in repr(result)
    assert time.monotonic() - started < 30
    assert signal.getsignal(signal.SIGALRM) is handler_before
    assert sys.gettrace() is tracer_before


def test_an_exception_that_never_gets_printed_is_named_all_the_same() -> None:
    code = """
        class Endless(Exception):
            def __str__(self):
                while True:
                    pass

        def handler(e, c):
            raise Endless
    """
    assert "  `Endless" in repr(check(NAME, cell(code)))


def test_a_loop_is_stopped_outside_the_main_thread_as_well() -> None:
    results: list[Any] = []
    handler = cell("def handler(e, c):\n    while True: pass")
    thread = threading.Thread(target=lambda: results.append(check(NAME, handler)), daemon=True)
    thread.start()
    thread.join(30)
    assert [result.outcome for result in results] == [Outcome.RAISED]
    assert "still running" in repr(results[0])


def test_what_the_learner_s_code_prints_is_kept_off_the_page_and_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code = """
        import sys
        def handler(e, c):
            print("Hello")
            sys.stderr.write("x" * 1_000_000)
            sys.stdout.buffer.write(b"y")
            return {"greeting": "Hello, Ada!"}
    """
    result = check(NAME, cell(code))
    assert result.outcome is Outcome.PASSED
    assert capsys.readouterr() == ("", "")
    assert "  | Hello\n" in repr(result)
    assert "(998,007 bytes more)" in repr(result)
    assert len(repr(result)) < 4_000


def test_closing_the_output_does_no_harm() -> None:
    code = """
        import sys
        def handler(e, c):
            sys.stdout.close()
            return {"greeting": "Hello, Ada!"}
    """
    assert check(NAME, cell(code)).outcome is Outcome.PASSED
    print("still there")


def test_hints_come_one_by_one_and_by_number() -> None:
    result = check(NAME)
    assert repr(result.hint()) == "Hint 1 of 2: Look at `event`."
    assert repr(check(NAME).hint()) == "Hint 2 of 2: `event['name']` is the name."
    assert repr(result.hint()).startswith("No more hints:")
    assert repr(result.hint(1)) == "Hint 1 of 2: Look at `event`."
    assert (
        repr(result.hint(3))
        == "No such hint: The hints of first_function.sample have the numbers 1 to 2."
    )


def test_the_solution_comes_from_the_lesson_s_source() -> None:
    assert repr(check(NAME).solution()) == (
        "One solution of first_function.sample:\n\n"
        "def handler(event, context):\n"
        '    return {"greeting": f"Hello, {event[\'name\']}!"}'
    )


def test_html_says_the_same_as_text_and_escapes_what_the_learner_wrote() -> None:
    code = "def handler(e, c): return {'greeting': '<script>alert(1)</script>'}"
    html = check(NAME, cell(code))._repr_html_()
    assert "<strong>Not yet: first_function.sample</strong>" in html
    assert "<strong>yes</strong> · it answers with a dict" in html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_neither_display_shows_the_source_of_the_check() -> None:
    result = check(NAME, cell("def handler(e, c): return 1 / 0"))
    for shown in (repr(result), result._repr_html_()):
        assert "attempt" not in shown
        assert "isinstance" not in shown


def test_the_outcome_is_recorded(recorded: list[dict[str, Any]]) -> None:
    check(NAME, cell("def handler(e, c): return {'greeting': 'Hello, Ada!'}"))
    check(NAME, cell("def handler(e, c): return {}"))
    common = {"kind": "exercise", "item_id": NAME, "answer": None}
    assert recorded == [
        {**common, "outcome": "passed", "score": 1.0},
        {**common, "outcome": "not yet", "score": 0.0},
    ]


def test_a_result_is_shown_when_it_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_call: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(quizzes.store, "record", full)
    assert check(NAME, cell("def handler(e, c): return {}")).outcome is Outcome.NOT_YET


def test_an_unknown_exercise_is_answered_with_names_that_look_alike() -> None:
    with pytest.raises(
        CheckError, match=r"no exercise 'first_function\.sampel'; did you mean first"
    ):
        check("first_function.sampel", None)
    with pytest.raises(CheckError, match="no exercise 7; the exercises are "):
        check(7, None)  # type: ignore[arg-type]


def test_a_wrong_number_of_values_says_what_to_write() -> None:
    with pytest.raises(CheckError, match=r'write check\("first_function\.sample", handler\)\.'):
        check(NAME, 1, 2)


def test_a_notebook_shows_the_sentence_of_an_error_without_a_stack() -> None:
    with pytest.raises(CheckError) as caught:
        check("nonsense")
    assert caught.value._render_traceback_() == [str(caught.value)]


def test_every_exercise_of_the_course_has_hints_and_a_solution(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lessons, "LESSONS", Path(checking.__file__).parent / "lessons")
    with pytest.raises(CheckError):
        check("load all exercises")
    names = checking._checks.keys() - {NAME}
    assert names
    for name in names:
        assert checking._checks[name].hints, name
        compile(check(name).solution().code, name, "exec")


def test_an_error_of_several_lines_is_told_whole_on_one() -> None:
    error = ValueError("Parameter validation failed:\nMissing required parameter: FunctionName")
    assert guard.last_line(error) == (
        "ValueError: Parameter validation failed: Missing required parameter: FunctionName"
    )
