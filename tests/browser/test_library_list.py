"""The library's list, with many takes in it: it scrolls, finds, sorts, chooses ranges, and stays quick."""

import zipfile
from collections.abc import Iterator

import pytest
from visitor import expect_total, generate, rows, sync_api, total, visit

expect = sync_api.expect

MANY = """
(count) => {
    const [first] = window.foley.library.takes();
    const takes = Array.from({length: count}, (_, number) => ({
        ...first, file: `many${number}.wav`, seed: number, made: number, star: number % 2 === 0,
        title: number % 10 ? 'Rain' : `Gate slam ${number}`, loudness: -20 - number % 40,
    }));
    window.foley.library.receive({all: true, version: 0, takes, gone: [], trashed: 0});
}
"""
SEEN = """
() => {
    const box = document.querySelector('#library [data-rows]').getBoundingClientRect();
    return [...document.querySelectorAll('#library .take-row')].filter(row => {
        const place = row.getBoundingClientRect();
        return place.top >= box.top - 1 && place.bottom <= box.bottom + 1;
    }).map(row => row.dataset.file);
}
"""


@pytest.fixture
def many(browser, address) -> Iterator["sync_api.Page"]:
    """A page that was told of five thousand takes."""
    context, page = visit(browser, address)
    page.evaluate(MANY, 5000)
    expect(page.locator("[data-count]")).to_have_text("5000")
    yield page
    context.close()


def test_the_wheel_scrolls_the_list_alone_and_header_and_footer_stay(many):
    rows(many).first.locator("[data-pick]").check()
    footer, search = many.locator("#library footer"), many.get_by_label("Search the library")
    places = [part.bounding_box() for part in (footer, search)]
    rows(many).nth(3).hover()
    before = many.evaluate(SEEN)
    many.mouse.wheel(0, 3000)
    many.wait_for_function("document.querySelector('#library [data-rows]').scrollTop > 2000")
    many.wait_for_timeout(100)
    seen = many.evaluate(SEEN)
    assert seen
    assert not set(seen) & set(before)
    assert [part.bounding_box() for part in (footer, search)] == places
    assert places[0]["y"] + places[0]["height"] < 900
    expect(footer).to_contain_text("1 chosen")


def test_only_the_rows_in_sight_are_on_the_page(many):
    assert rows(many).count() < 60
    spent = many.evaluate("""
        () => {
            const began = performance.now();
            for (let number = 0; number < 20; number++) window.foley.library.list();
            return (performance.now() - began) / 20;
        }
    """)
    assert spent < 100  # ms, on a machine that does much else


def test_arrows_walk_through_the_list_and_the_row_at_hand_stays_in_sight(many):
    rows(many).first.click()
    for _ in range(30):
        many.keyboard.press("ArrowDown")
    at_hand = many.locator(".take-row[data-current]")
    expect(at_hand).to_have_attribute("data-file", "many4969.wav")
    assert "many4969.wav" in many.evaluate(SEEN)
    expect(at_hand).to_be_focused()
    for _ in range(30):
        many.keyboard.press("ArrowUp")
    assert "many4999.wav" in many.evaluate(SEEN)


def test_words_find_takes_and_orders_sort_them(many):
    many.keyboard.press("/")
    many.keyboard.type("gate 49")
    expect(many.locator("[data-count]")).to_have_text("15 of 5000")  # 490, 1490 to 4490, 4900 to 4990
    many.get_by_label("Search the library").fill("")
    many.get_by_label("Sort by").select_option("loudness")
    expect(rows(many).first).to_contain_text("−20 LUFS")


def test_ranges_are_chosen_with_shift_and_all_with_ctrl_a(many):
    rows(many).nth(1).locator("[data-pick]").click()
    rows(many).nth(5).locator("[data-pick]").click(modifiers=["Shift"])
    expect(many.locator("#library footer")).to_contain_text("5 chosen")
    many.keyboard.press("Control+a")
    expect(many.locator("#library footer")).to_contain_text("5000 chosen")
    many.keyboard.press("Escape")
    expect(many.locator("#library footer")).to_be_hidden()
    rows(many).first.click()
    many.keyboard.press("Shift+ArrowDown")
    many.keyboard.press("Shift+ArrowDown")
    expect(many.locator("#library footer")).to_contain_text("3 chosen")
    assert many.locator('.take-row[aria-selected="true"]').count() == 3


def test_the_list_is_one_stop_of_the_tab_key(many):
    assert many.locator('#library .take-row[tabindex="0"]').count() == 1
    assert many.locator("#library .take-row :is(button, input):not([tabindex='-1'])").count() == 0


def test_a_take_is_named_in_the_list_off_the_stage(page):
    generate(page)
    generate(page)
    rows(page).nth(1).click()
    page.keyboard.press("n")
    page.keyboard.type("Off the stage")
    page.keyboard.press("Enter")
    expect(rows(page).nth(1).locator("b")).to_have_text("Off the stage")
    expect(page.locator(".take.ready h2")).not_to_have_text("Off the stage")


def test_all_starred_takes_are_exported_at_once(page, tmp_path):
    page.evaluate(
        "window.foley.library.takes().filter(take => take.star).forEach(take => window.foley.takes.star(take.file))"
    )
    for _ in range(2):
        generate(page)
        page.locator(".take.ready [data-star]").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export all starred").click()
    download.value.save_as(tmp_path / "stars.zip")
    with zipfile.ZipFile(tmp_path / "stars.zip") as zipped:
        assert len(zipped.namelist()) == 2


def test_a_page_that_missed_a_change_asks_for_the_whole_list(browser, address):
    context, first = visit(browser, address)
    second = context.new_page()
    second.goto(address)
    expect_total(second, 1)
    generate(first)
    expect_total(first, 2)
    generate(second)
    expect_total(second, 3)
    assert total(first) == 2
    generate(first)
    expect_total(first, 4)
    context.close()


def test_a_take_that_the_list_was_not_told_of_is_asked_for(page):
    generate(page)
    newest = page.locator(".takes .take.ready").get_attribute("data-file")
    expect(rows(page).nth(0)).to_have_attribute("data-file", newest)
    page.evaluate(
        """file => {
            const list = window.foley.library, others = list.takes().filter((take) => take.file !== file);
            list.receive({ all: true, takes: others, version: 0, trashed: 0 });
        }""",
        newest,
    )
    expect(rows(page).nth(0)).not_to_have_attribute("data-file", newest)
    expect(rows(page).nth(0)).to_have_attribute("data-file", newest)  # some seconds later


def test_chosen_takes_get_a_tag_that_finds_them_and_is_taken_away(page):
    for _ in range(2):
        generate(page)
        newest = page.locator(".takes .take.ready").get_attribute("data-file")
        expect(rows(page).nth(0)).to_have_attribute("data-file", newest)  # else an older row is chosen
    rows(page).nth(0).locator("[data-pick]").check()
    rows(page).nth(1).locator("[data-pick]").check()
    page.keyboard.press("m")
    expect(page.locator("[data-tag]")).to_be_focused()
    page.keyboard.type("scene 12")
    page.keyboard.press("Enter")
    expect(rows(page).nth(0).locator("small")).to_contain_text("#scene 12")
    expect(rows(page).nth(1).locator("small")).to_contain_text("#scene 12")
    page.get_by_label("Show class or tag").select_option("#scene 12")
    expect(page.locator("#library [data-count]")).to_contain_text("2 of ")
    page.locator("#library [data-untag]").click()
    expect(page.locator("#library [data-untag]")).to_have_count(0)
    expect(page.get_by_label("Show class or tag")).to_have_value("")  # there is no such tag any more
    page.locator("#library [data-none]").click()
