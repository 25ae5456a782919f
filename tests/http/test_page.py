"""The page in a real browser: searching, narrowing, reading and finding one's way by the keyboard."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.served import make_tree, serving

playwright = pytest.importorskip("playwright.sync_api")

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

needed = bool(os.environ.get("LEINDEX_REQUIRE_PEERS"))
pytestmark = pytest.mark.skipif(not CHROMIUM and not needed, reason="needs Chromium")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = make_tree(tmp_path_factory.mktemp("page") / "sample", copies=60)
    with serving(root, root.parent / "home") as at:
        while httpx.get(at).status_code == 202:  # the first index is being made
            time.sleep(0.1)
        yield at


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """A page of a desktop's size; what goes wrong in it fails the test, and so does a request to
    elsewhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=address)
    opened = context.new_page()
    wrong: list[str] = []
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda message: wrong.append(message.text) if "Content Security" in message.text else None)
    opened.on("request", lambda request: wrong.append(request.url) if not request.url.startswith(address) else None)
    opened.set_default_timeout(10_000)
    yield opened
    context.close()
    assert wrong == []


def names(page: Any) -> list[str]:
    """The names of the files that are shown as hits."""
    return page.locator(".hit .name").all_inner_texts()


def test_from_typing_to_a_symbol_and_back(page: Any) -> None:
    page.goto("/")
    page.keyboard.type("backoff")
    page.wait_for_selector(".hit")
    assert "retry.py" in names(page) and "guide.md" in names(page)
    assert page.url.endswith("/?q=backoff")
    assert page.locator(".hit mark").first.inner_text().lower() == "backoff"

    page.locator(".facets a", has_text="python").click()
    page.wait_for_url("**/?q=backoff+lang%3Apython")
    assert set(names(page)) == {"retry.py"}
    assert page.locator("#q").input_value() == "backoff lang:python"

    page.locator(".hit .place").first.click()
    page.wait_for_url("**/file/src/app/retry.py*")
    assert page.locator(".l.on").count() > 0
    page.keyboard.press("s")
    page.keyboard.type("backo")
    page.keyboard.press("Enter")
    assert page.url.endswith("#L12")
    assert page.locator("#L12.on").is_visible()
    assert "def backoff" in page.locator("#L12").inner_text()

    page.go_back()
    page.wait_for_url("**/?q=backoff+lang%3Apython")
    assert set(names(page)) == {"retry.py"}
    page.locator(".facets a.on").click()
    page.wait_for_url("**/?q=backoff")


def test_keyboard(page: Any) -> None:
    page.goto("/status")
    page.keyboard.press("/")
    page.keyboard.type("retry")
    page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    count = len(names(page))
    assert count > 1
    focused = "document.activeElement.closest('.hit') === document.querySelectorAll('.hit')[{}]"
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused.format(0))
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused.format(1))
    page.keyboard.press("k")
    assert page.evaluate(focused.format(0))
    page.keyboard.press("ArrowUp")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("dialog").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/file/**")


def test_the_last_of_many_letters_wins(page: Any) -> None:
    page.goto("/")
    for letter in "copied_42":
        page.keyboard.type(letter, delay=30)
    playwright.expect(page.locator(".hit")).to_have_count(1)
    assert names(page) == ["file42.py"]
    page.locator("#q").fill("")
    page.wait_for_selector(".examples")


def test_an_error_is_marked_where_it_is(page: Any) -> None:
    page.goto("/")
    page.keyboard.type("retry langauge:go")
    page.wait_for_selector(".problem")
    assert page.locator(".problem mark").inner_text() == "langauge:go"
    assert "did you mean language:go" in page.locator(".problem").inner_text()


def test_folders_narrow_step_by_step(page: Any) -> None:
    page.goto("/?q=needle")
    page.locator(".facets a", has_text="many/").click()
    page.wait_for_url("**/?q=needle&in=many")
    page.locator(".facets a", has_text="part3/").click()
    page.wait_for_url("**in=many%2Fpart3")
    assert len(names(page)) == 9
    page.locator(".facets a.on").first.click()
    page.wait_for_url("**/?q=needle&in=many")


def test_links_to_lines(page: Any) -> None:
    page.goto("/file/src/app/retry.py")
    page.locator("#L6 .no").click()
    page.locator("#L9 .no").click(modifiers=["Shift"])
    assert page.url.endswith("/file/src/app/retry.py?lines=6-9#L6")
    link = page.url
    page.goto("/")
    page.goto(link)
    lit = page.locator(".l.on")
    assert [lit.nth(i).get_attribute("id") for i in range(lit.count())] == ["L6", "L7", "L8", "L9"]


def test_odd_names_and_contents_are_text(page: Any) -> None:
    page.goto("/?q=alert")
    assert "ümläut & <b>.txt" in names(page)
    page.locator(".hit .place").first.click()
    page.wait_for_url("**/file/notes/**")
    assert "<script>alert(1)</script>" in page.locator("#source").inner_text()


def test_files_and_status(page: Any) -> None:
    page.goto("/")
    page.get_by_role("link", name="Files").click()
    page.get_by_role("link", name="src/").click()
    page.get_by_role("link", name="app/").click()
    page.get_by_role("link", name="main.py").click()
    page.wait_for_url("**/file/src/app/main.py")
    page.keyboard.press("u")
    page.wait_for_url("**/tree/src/app")
    page.get_by_role("link", name="Status").click()
    assert page.locator(".tiles dd").first.inner_text() == "67"
    assert page.locator("svg.treemap rect").count() >= 3
    assert page.locator("svg.bar rect").count() >= 3


def test_theme_is_kept(page: Any) -> None:
    page.goto("/")
    background = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(background)
    page.locator("#theme").click()
    after = page.evaluate(background)
    assert before != after
    page.goto("/status")
    assert page.evaluate(background) == after


def test_without_scripts(browser: Any, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, base_url=address)
    page = context.new_page()
    page.goto("/")
    page.locator("#q").fill("backoff")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=backoff")
    assert "retry.py" in names(page)
    page.locator(".facets a", has_text="python").click()
    page.locator(".hit .place").first.click()
    assert page.locator(".l.on").count() > 0
    page.goto("/?q=langauge:go")
    assert page.locator(".problem mark").inner_text() == "langauge:go"
    context.close()


@pytest.mark.parametrize("width", [320, 390, 768])
def test_narrow_windows_do_not_scroll_sideways(browser: Any, address: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, base_url=address)
    page = context.new_page()
    for path in ("/", "/?q=retry", "/file/src/app/retry.py", "/tree/", "/status", "/help", "/?q=langauge:go"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.locator("#q").is_visible()
    context.close()


def test_labels_headings_and_contrast(page: Any) -> None:
    """What a reader of the screen needs, and text that can be read in both themes."""
    contrast = """() => {
      const seen = (colour) => {
        const c = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        c.fillStyle = colour;
        c.fillRect(0, 0, 1, 1);
        return [...c.getImageData(0, 0, 1, 1).data].map((v) => v / 255);
      };
      const light = ([r, g, b]) => [r, g, b].map((v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
        .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
      const behind = (element) => { for (let e = element; e; e = e.parentElement) {
        const colour = getComputedStyle(e).backgroundColor; if (seen(colour)[3] > .95) return seen(colour); }
        return seen(getComputedStyle(document.documentElement).backgroundColor); };
      const poor = [];
      for (const element of document.querySelectorAll('body *')) {
        const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
        if (!own || !element.checkVisibility() || element.closest('svg, .unseen, .skip')) continue;
        const a = light(seen(getComputedStyle(element).color)), b = light(behind(element));
        const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
        if (ratio < 4.5) poor.push(`${element.className} ${element.textContent.trim().slice(0, 20)}
        ${ratio.toFixed(2)}`);
      }
      return poor; }"""
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for path in (
            "/",
            "/?q=retry",
            "/file/src/app/retry.py?lines=6-9#L6",
            "/status",
            "/tree/",
            "/?q=langauge:go",
        ):
            page.goto(path)
            assert page.evaluate(contrast) == [], (theme, path)
            unlabelled = (
                "[...document.querySelectorAll('input:not([type=hidden]), button')].filter((e) => "
                "!e.labels?.length && !e.ariaLabel && !e.textContent.trim()).map((e) => e.outerHTML)"
            )
            assert page.evaluate(unlabelled) == []
            assert page.locator("html").get_attribute("lang") == "en"


def test_a_tree_that_is_not_indexed_shows_how_far_it_is(browser: Any, tmp_path: Path) -> None:
    root = make_tree(tmp_path / "large", copies=4000)
    with serving(root, tmp_path / "home") as address:
        page = browser.new_page()
        page.goto(address + "/?q=needle")
        page.wait_for_selector(".hit", timeout=60_000)
        page.close()
