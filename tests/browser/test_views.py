"""An explanation, a timeline and a trace as a notebook shows them."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.served import CopyCourse, serving
from tests.browser.steps import notebook_of, open_notebook, run_all

SETUP = """\
import boto3, io, json, zipfile
from labsupport import Lab
lab = Lab.start()
trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",' \\
    '"Principal": {"Service": "lambda.amazonaws.com"}}]}'
role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
package = io.BytesIO()
with zipfile.ZipFile(package, "w") as archive:
    archive.writestr("app.py", "def handler(event, context): return event['name']")
client = boto3.client("lambda")
client.create_function(FunctionName="greeter", Runtime="python3.14", Role=role,
    Handler="app.handler", Code={"ZipFile": package.getvalue()})
client.invoke(FunctionName="greeter", Payload='{"name": "Ada"}')
client.invoke(FunctionName="greeter", InvocationType="Event")
lab.clock.advance(minutes=5)
answer = client.invoke(FunctionName="greeter")"""


def test_three_views_are_seen_and_read_aloud(course_copy: CopyCourse, page: Page) -> None:
    root = course_copy("views")
    cells = (SETUP, "lab.explain(answer)", "lab.timeline()", "lab.trace()")
    (root / "notebooks" / "99-views.ipynb").write_text(notebook_of(*cells))
    (root / "notebooks" / "03-handlers.ipynb").write_text(notebook_of("1"))
    with serving(root) as served:
        panel = open_notebook(page, served, "99")
        run_all(page)
        outputs = panel.locator(".jp-OutputArea-output")
        expect(panel.get_by_text("the handler asked for 'name'")).to_be_visible()
        link = panel.get_by_role("link", name="Lesson 03, handlers, teaches it.")
        expect(link).to_be_visible()
        expect(panel.get_by_role("img", name="5 invocations ran in 1 environment")).to_be_visible()
        trace = panel.get_by_role("img", name="5 invocations of greeter: 1 succeeded, 4 failed")
        expect(trace).to_be_visible()
        expect(panel.get_by_role("cell", name="RetriesExhausted")).to_be_visible()
        assert not outputs.filter(has_text="Traceback").count()
        link.click()
        expect(page.locator(".lm-mod-current", has_text="03-handlers").first).to_be_visible()
