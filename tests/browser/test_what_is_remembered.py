"""Nothing is forgotten: class, knobs, tab and stage stay over a reload and in the address; takes bring theirs back."""

from collections.abc import Iterator

import pytest
from visitor import generate, settle, sync_api, visit

expect = sync_api.expect


@pytest.fixture
def fresh(browser, address) -> Iterator["sync_api.Page"]:
    context, page = visit(browser, address)
    yield page
    context.close()


def turn(page, label: str, value: str) -> None:
    page.get_by_label(f"number input for {label}").fill(value)
    page.get_by_label(f"number input for {label}").blur()


def expect_knobs(page, category: str, **values: str) -> None:
    expect(page.get_by_test_id(f"{category}-radio-label").locator("input")).to_be_checked()
    for label, value in values.items():
        expect(page.get_by_label(f"number input for {label}")).to_have_value(value)


def test_class_knobs_seed_stage_and_tab_are_there_after_a_reload(fresh):
    fresh.get_by_test_id("Rain-radio-label").click()
    turn(fresh, "Variety", "0.9")
    turn(fresh, "Variations", "2")
    fresh.locator("#seed input").fill("314")
    generate(fresh, 2)
    files = fresh.evaluate("[...document.querySelectorAll('.take.ready')].map(card => card.dataset.file)")
    fresh.get_by_role("tab", name="Explore").click()
    fresh.wait_for_function("location.hash.includes('tab=explore')")
    fresh.reload()
    settle(fresh)
    expect(fresh.get_by_role("tab", name="Explore")).to_have_attribute("aria-selected", "true")
    fresh.get_by_role("tab", name="Generate").click()
    expect_knobs(fresh, "Rain", Variety="0.9", Variations="2")
    expect(fresh.locator("#seed input")).to_have_value("314")
    expect(fresh.get_by_label("Lock the seed")).to_be_checked()
    expect(fresh.locator(".take.ready")).to_have_count(2)
    assert fresh.evaluate("[...document.querySelectorAll('.take.ready')].map(card => card.dataset.file)") == files


def test_an_address_gives_the_same_desk_to_somebody_else(browser, address):
    context, page = visit(
        browser, address, "#tab=generate&category=3&temperature=0.8&top_p=0.9&count=3&seed=77&locked=true"
    )
    expect_knobs(page, "Keyboard", Variety="0.8", Surprise="0.9", Variations="3")
    expect(page.locator("#seed input")).to_have_value("77")
    context.close()


def test_the_settings_of_a_take_are_those_of_all_knobs_and_not_of_the_seed_alone(fresh):
    fresh.get_by_test_id("Rain-radio-label").click()
    turn(fresh, "Variety", "0.85")
    fresh.locator("#seed input").fill("5")
    generate(fresh)
    fresh.get_by_test_id("Dog bark-radio-label").click()
    turn(fresh, "Variety", "1.2")
    fresh.locator("#seed input").fill("6")
    fresh.locator(".take.ready h2").hover()
    fresh.get_by_role("button", name="Use its settings").click()
    expect_knobs(fresh, "Rain", Variety="0.85")
    expect(fresh.locator("#seed input")).to_have_value("5")
    expect(fresh.get_by_label("Lock the seed")).to_be_checked()


def test_clearing_the_seed_locks_none(fresh):
    fresh.locator("#seed input").fill("5")
    expect(fresh.get_by_label("Lock the seed")).to_be_checked()
    fresh.locator("#seed input").fill("")
    expect(fresh.get_by_label("Lock the seed")).not_to_be_checked()


LEFT_BY_AN_EARLIER_PAGE = """
localStorage.removeItem("foley-choices");
localStorage.setItem("foley-forms", JSON.stringify({export: {
    format: "FLAC 16-bit", template: "{ucs}_{title} {seed}_FOLEY_{model}", fade_out_s: "0", fade_in_s: "0.1",
}}));
"""


def test_what_nobody_had_chosen_follows_the_page_and_what_was_chosen_stays(browser, address):
    context, page = visit(browser, address)
    usual = page.locator("#export [name=template]").input_value()
    page.evaluate(LEFT_BY_AN_EARLIER_PAGE)
    context.add_init_script(LEFT_BY_AN_EARLIER_PAGE)
    page.reload()
    settle(page)
    for name, value in {"format": "FLAC 16-bit", "template": usual, "fade_out_s": "0.02", "fade_in_s": "0.1"}.items():
        expect(page.locator(f"#export [name={name}]")).to_have_value(value)
    context.close()


def test_only_what_was_changed_is_kept(fresh):
    fresh.locator("#export [name=fade_out_s]").fill("0")
    fresh.locator("#export [name=sample_rate]").select_option("48000")
    fresh.locator("#export [name=sample_rate]").select_option("24000")
    kept = fresh.evaluate("JSON.parse(localStorage.getItem('foley-choices')).export")
    assert kept == {"fade_out_s": "0"}
    fresh.reload()
    settle(fresh)
    expect(fresh.locator("#export [name=fade_out_s]")).to_have_value("0")


def test_loudness_has_a_level_of_its_own(fresh):
    level = fresh.locator("#export [name=level]")
    fresh.locator("#export [name=normalise]").select_option("loudness")
    expect(level).to_have_value("-16")
    fresh.locator("#export [name=normalise]").select_option("peak")
    expect(level).to_have_value("-1")
