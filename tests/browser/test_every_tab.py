"""What holds on every tab, in both themes: controls have a name, a tooltip and a way by keys; words can be read."""

from collections.abc import Iterator

import pytest
from visitor import generate, sync_api, visit

expect = sync_api.expect

UNNAMED = """
() => [...document.querySelectorAll('button, input, select, textarea, a')].filter(element => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (!element.offsetParent || style.visibility === 'hidden' || box.width < 2) return false;
    const told = element.closest('[title]'), named = element.ariaLabel || element.labels?.length || element.textContent.trim();
    return !(told && named);
}).map(element => element.outerHTML.slice(0, 160))
"""  # noqa: E501

FAINT = """
() => {
    const parse = (text) => {
        const numbers = text.match(/[\\d.]+/g).map(Number);
        return text.startsWith('color(') ? [numbers[0] * 255, numbers[1] * 255, numbers[2] * 255, numbers[3] ?? 1] : [...numbers.slice(0, 3), numbers[3] ?? 1];
    };
    const mix = (top, below) => [0, 1, 2].map((n) => top[n] * top[3] + below[n] * (1 - top[3])).concat(1);
    const behind = (element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) layers.push(parse(getComputedStyle(at).backgroundColor));
        return layers.reduceRight((below, top) => mix(top, below), [255, 255, 255, 1]);
    };
    const light = (colour) => colour.slice(0, 3).map((value) => value / 255).map((value) => value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, n) => sum + value * [0.2126, 0.7152, 0.0722][n], 0);
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
        const style = getComputedStyle(element), box = element.getBoundingClientRect();
        if (!text || !element.offsetParent || style.visibility === 'hidden' || box.width < 3 || parseFloat(style.fontSize) < 6 || element.closest(':disabled') || style.opacity === '0') continue;
        const ground = behind(element), ink = mix(parse(style.color), ground);
        const [a, b] = [light(ink), light(ground)];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${text.slice(0, 40)}`);
    }
    return [...new Set(faint)];
}
"""  # noqa: E501

UNREACHED = """
() => [...document.querySelectorAll('button, input, select, textarea, a[href], summary')].filter(element => {
    const style = getComputedStyle(element), box = element.getBoundingClientRect();
    if (!element.offsetParent || style.visibility === 'hidden' || box.width < 2 || element.disabled) return false;
    return element.tabIndex < 0 && !element.closest('[role=tablist], [role=grid], [aria-hidden=true]'); // arrows
}).map(element => element.outerHTML.slice(0, 160))
"""


@pytest.fixture(scope="module")
def busy(browser, address: str, dataset_folder) -> Iterator["sync_api.Page"]:
    """A page on whose every tab there is something to see."""
    context, page = visit(browser, address)
    generate(page)
    page.get_by_role("tab", name="Reconstruct").click()
    page.locator("#recording input[type=file]").set_input_files(dataset_folder / "Rain" / "002.wav")
    page.locator(".pair.ready").wait_for()
    page.get_by_role("tab", name="Explore").click()
    page.locator("#count-codes").click()
    expect(page.locator(".codes-table tbody tr")).to_have_count(7)
    page.locator("#sweep").click()
    expect(page.locator(".cell")).to_have_count(7)
    yield page
    context.close()


@pytest.mark.parametrize("tab", ["Generate", "Perform", "Reconstruct", "Explore", "Train", "Evaluate"])
def test_controls_have_names_tooltips_and_keys_and_words_are_readable(busy, tab):
    busy.get_by_role("tab", name=tab).click()
    busy.mouse.move(5, 5)
    busy.wait_for_timeout(1100)
    assert busy.evaluate(UNNAMED) == []
    assert busy.evaluate(UNREACHED) == []
    for _ in range(2):
        for _ in range(20):  # colours change softly, and slowly on a machine that does much else
            faint = busy.evaluate(FAINT)
            if not faint:
                break
            busy.wait_for_timeout(250)
        assert faint == []
        busy.get_by_label("Switch between dark and light").click()
        busy.wait_for_timeout(400)  # colours change softly
