"""The console in a real browser: what people see of devices that are played by hand."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent.commands import Code
from agent.hazard_names import HAZARDS
from provisioning.gateway.wording import STAGES
from tests.provisioning.office import NARROW, PASSWORD, Office, script_file, served
from tests.running import until

CLAIMS = {"fire": "proven", "sos": "proven"}
HOSTILE = '<img src=x onerror="document.title=1"><script>document.title=2</script>\u202e{why}'

pytestmark = pytest.mark.usefixtures("emptied")


def online(**said: Any) -> dict[str, Any]:
    return {"status": "online", "coverage": CLAIMS} | said


def record(
    id_: str = "b-1", hazard: str = "fire", stage: str = "alarm", **said: Any
) -> dict[str, Any]:
    return {
        "id": id_, "hazard": hazard, "stage": stage, "subject": "place", "wall_source": "ntp",
        "wall_time": "2026-11-21T09:00:00.125Z", "wall_uncertainty_s": 0.012,
        "why": {"ko": "연기 12.0 %/m입니다.", "en": "Smoke of 12.0 %/m."},
    } | said  # fmt: skip


def level(office: Office, device: str) -> str:
    found = office.all(f'#devices [data-device="test/{device}"]')
    return found[0].get_attribute("data-level") if found else ""


def shows(office: Office, selector: str, text: str) -> None:
    until(lambda: any(text in each for each in office.texts(selector)), 10, f"{selector}: {text}")


def test_each_device_says_what_it_can_detect_and_why_not(office: Office) -> None:
    office.loader.state("good", online(why={"fire": "2026-11-21T09:00:00Z"}))
    office.loader.state(
        "poor",
        {"coverage": {"fire": "lost", "co": "assumed"}, "why": {"fire": "ceiling: no answer"},
         "faults": {"ceiling": "no answer"}, "muted": ["camera"], "pending": 3, "simulated": True,
         "update": "application 0.3.0 rolled back: it ended"},
    )  # fmt: skip
    office.loader.state("gone", b"offline")
    office.open()
    until(lambda: level(office, "good") == "proven", 10, "the good one is shown")
    assert (level(office, "poor"), level(office, "gone")) == ("lost", "offline")
    office.find('#devices [data-device="test/poor"] summary').click()
    facts = '#devices [data-device="test/poor"] .facts'
    for text in (
        "화재: 감지 못 함 (ceiling: no answer)",
        "일산화탄소: 미확인",
        "camera",
        "3건",
        "it ended",
    ):
        shows(office, facts, text)
    shows(office, facts, "기기에서 아직 직접 듣지 못했습니다")
    shows(office, '#devices [data-device="test/poor"] summary', "모의")
    office.loader.state("poor", online())
    until(lambda: level(office, "poor") == "proven", 10, "the poor one is whole again")
    shows(office, facts, "방금")


def test_a_screen_reader_keeps_its_place_in_the_summary(office: Office) -> None:
    office.loader.state("gone", b"offline")
    office.open()
    shows(office, "#summary li", "기기 오프라인")
    office.script("window.first = document.querySelector('#summary li')")
    clock = office.find("#clock").text
    until(lambda: office.find("#clock").text != clock, 5, "a second later")
    office.loader.state("gone", {"status": "offline"})
    clock = office.find("#clock").text
    until(lambda: office.find("#clock").text != clock, 5, "and another")
    assert office.script("return window.first.isConnected")
    office.loader.state("two", b"offline")
    shows(office, "#summary li", "기기 오프라인 2")


def test_console_and_gateway_have_the_same_words_and_every_refusal_has_some(
    office: Office,
) -> None:
    texts = office.module("texts.js", "return m.LANGUAGES")
    for language in ("ko", "en"):
        for table, words in (("hazards", HAZARDS), ("stages", STAGES)):
            wanted = {str(name): getattr(each, language) for name, each in words.items()}
            assert texts[language][table] == wanted
        assert set(texts[language]["refusals"]) == set(Code)
    assert texts["ko"]["levels"]["offline"] not in texts["ko"]["disconnected"]
    assert not any(word.isascii() for word in texts["ko"]["refusals"].values())


def test_texts_of_a_hostile_device_are_only_texts(office: Office) -> None:
    office.open()
    title = office.browser.title
    told = ("faults", "active", "answered", "why", "trouble")
    office.loader.state(
        "evil",
        online(**{each: {HOSTILE: HOSTILE} for each in told}, muted=[HOSTILE], siren=HOSTILE),
        site='"><script>alert(1)<',
    )  # fmt: skip
    why = {"ko": HOSTILE, "en": HOSTILE}
    office.loader.event("evil", record(HOSTILE, stage="alarm", subject=HOSTILE, why=why))
    shows(office, "#alarms .why", "<img src=x")
    office.find("#devices summary").click()
    elements = "return document.querySelectorAll('#alarms img, #devices img, main script').length"
    assert office.script(elements) == 0
    assert office.browser.title == f"(1) {title}"
    assert "\u202e" not in office.script("return document.body.textContent")
    assert office.complaints() == []


def test_a_revision_changes_the_time_on_the_page_and_a_repeat_nothing(office: Office) -> None:
    office.open()
    office.loader.event("one", record(wall_uncertainty_s=None))
    shows(office, "#alarms .when", "정확하지 않음")
    office.loader.event("one", record(wall_uncertainty_s=None))
    later = record(revision=1, wall_time="2026-11-21T10:30:00Z", wall_uncertainty_s=0.5)
    office.loader.event("one", later, revision="1", historical="true")
    office.loader.event("one", later, revision="1", historical="true")
    shows(office, "#alarms .when", "±0.50초")
    shows(office, "#history .badge", "시각 정정")
    assert len(office.all("#history li")) == 1
    assert len(office.all("#alarms li")) == 1
    assert office.find("#sound").get_attribute("data-rung") == "1"


def test_badges_tell_a_test_a_simulation_and_old_news_from_an_alarm(office: Office) -> None:
    office.open()
    office.loader.event("one", record(inspection="nonce"), test="true")
    office.loader.event("two", record("b-2") | {"simulated": True}, simulated="true")
    office.loader.event("three", record("b-3"), historical="true")
    until(lambda: len(office.all("#alarms li")) == 3, 10, "three cards")
    assert sorted(office.texts("#alarms .badge")) == ["늦게 도착한 경보", "모의", "점검"]
    assert not office.find("#hush").is_displayed()  # nobody is called out of bed by these
    office.press("#alarms .late [data-act=seen]")
    until(lambda: len(office.all("#alarms li")) == 2, 10, "the late one was seen to")
    office.find("#language").click()
    assert sorted(office.texts("#alarms .badge")) == ["Simulated", "Test"]
    assert "Smoke of 12.0" in "".join(office.texts("#alarms .why"))
    office.find("#language").click()


def test_an_alarm_sounds_until_somebody_stops_it_and_the_page_says_whether_it_could(
    office: Office,
) -> None:
    office.open()
    until(lambda: office.find("#sound").get_attribute("data-state") == "on", 10, "sound is on")
    office.loader.event("one", record())
    until(lambda: office.find("#hush").is_displayed(), 10, "it rings")
    office.find("#hush").click()
    assert not office.find("#hush").is_displayed()
    office.loader.event("one", record("b-2", stage="cleared"))
    until(lambda: not office.all("#alarms li"), 10, "it is over")
    shows(office, "#calm", "알려진 경보가 없습니다")
    office.find("#sound").click()
    assert "꺼짐" in office.find("#sound").text


def test_a_dead_line_never_looks_calm(office: Office) -> None:
    office.open()
    office.loader.state("one", online())
    until(lambda: level(office, "one") == "proven", 10, "the device is shown")
    assert not office.find("#banner").is_displayed()
    with office.broker.frozen():  # the line stands, and nobody is there
        until(lambda: office.find("#banner").is_displayed(), 20, "the page says it is deaf")
        assert "지금은 경보를 받을 수 없습니다" in office.find("#banner [role=alert]").text
        told, age = office.find("#banner [role=alert]").text, office.find("#banner-age").text
        until(lambda: office.find("#banner-age").text != age, 5, "how long it has lasted")
        assert office.find("#banner [role=alert]").text == told  # or it would be read out each time
        assert "알 수 없습니다" in office.find("#calm").text
        assert "✓" not in "".join(office.texts("main .level, main .chip"))
        assert "연결하는 중" in office.find("#link").text
        if "HAETAE_PICTURES" in os.environ:
            office.picture(Path(os.environ["HAETAE_PICTURES"]) / "dead-line-ko.png")
        assert "grayscale" in office.script(
            "return getComputedStyle(document.querySelector('main')).filter"
        )
    until(office.is_up, 20, "it is connected again")
    assert not office.find("#banner").is_displayed()


def test_what_happens_while_the_line_is_down_is_told_when_it_is_back(office: Office) -> None:
    office.open()
    listen = """window.heard = []; window.ups = 0;
    const who = { clientId: "console-cut", user: "console", password: given[1] };
    const none = () => {};
    window.line = new m.Client(given[0], who, ["haetae/v1/+/+/event/+"], {
      up: () => { window.ups += 1 }, down: none, refused: none,
      message: (each) => window.heard.push(each.topic) });
    window.line.start()"""
    office.module("mqtt.js", listen, f"wss://localhost:{office.broker.web_port}/", PASSWORD)
    until(lambda: office.script("return window.ups") == 1, 10, "it listens")
    office.script("window.line.drop('cut'); window.line.forget()")
    office.loader.event("one", record("b-77"))
    office.loader.flush()
    assert office.script("return window.heard") == []
    office.script("window.line.start()")
    told = ["haetae/v1/test/one/event/fire"]
    until(lambda: office.script("return window.heard") == told, 10, "the event is told")
    office.script("window.line.stop()")


def test_a_page_whose_script_dies_says_so(office: Office) -> None:
    office.open()
    assert not office.find("#frozen").is_displayed()
    office.script("setTimeout(() => { throw new Error('a bug') })")
    until(lambda: office.find("#frozen").is_displayed(), 5, "it says that it has stopped")
    office.open()
    stopped = "return getComputedStyle(document.getElementById('frozen')).animationName"
    names = {office.script(stopped)}
    until(lambda: office.script(stopped) not in names, 5, "the delay begins anew")
    office.script("document.getElementById('frozen').style.animationDelay = '0s'")
    until(lambda: office.find("#frozen").is_displayed(), 5, "without that, CSS shows it")


def test_who_may_not_answer_is_told_so_and_a_wrong_password_too(office: Office) -> None:
    office.open(user="viewer")
    office.loader.state("one", online(active={"b-1": "fire alarm"}))
    office.loader.event("one", record())
    until(lambda: office.all("[data-act=answer]"), 10, "a button to answer")
    office.press("[data-act=answer]")
    shows(office, "#alarms .outcome", "이 사용자는 답할 수 없습니다")
    office.find("#sign-out").click()
    until(lambda: office.find("#banner").is_displayed(), 5, "signed out is not calm either")
    for field in ("#user", "#desk"):
        office.find(field).clear()
    assert office.find("#login").is_displayed()
    office.sign_in("viewer", PASSWORD + "x")
    until(lambda: "거절" in office.find("#banner").text, 10, "the refusal is told")


def test_every_word_can_be_read_and_nothing_is_wider_than_a_telephone(office: Office) -> None:
    office.loader.state("one", online())
    office.loader.state("two", {"coverage": {"fire": "lost", "co": "assumed"}, "simulated": True})
    office.loader.state("gone", b"offline")
    for size in (NARROW, (1280, 900)):
        office.open(size=size)
        office.loader.event("one", record("b-1" + str(size)))
        office.loader.event("two", record("b-2" + str(size), stage="prealarm"), historical="false")
        office.loader.event("gone", record("b-3" + str(size)), historical="true")
        until(lambda: len(office.all("#alarms li")) >= 3, 10, "the alarms")
        for view in ("#to-plan", "#to-list"):
            office.find(view).click()
            poorest = office.script(script_file("contrast.js"))[:3]
            assert poorest[0][0] >= 4.5, poorest
            wide = "return document.documentElement.scrollWidth - innerWidth"
            assert office.script(wide) <= 0, size
    small = """return [...document.querySelectorAll("button, input, summary")].filter((each) =>
        each.checkVisibility() && each.getBoundingClientRect().height < 24)
        .map((each) => each.outerHTML)"""  # WCAG 2.2, 2.5.8
    assert office.script(small) == []


def test_the_keyboard_reaches_all_and_a_new_message_does_not_take_it_away(office: Office) -> None:
    office.open()
    office.loader.state("one", online())
    office.loader.event("one", record())
    until(lambda: office.all("[data-act=answer]"), 10, "a button to answer")
    focused = "return document.activeElement.dataset.act ?? document.activeElement.tagName"
    office.script("document.querySelector('[data-act=answer]').focus()")
    office.loader.event("one", record("b-2", hazard="sos"))
    until(lambda: len(office.all("#alarms li")) == 2, 10, "another alarm")
    assert office.script(focused) == "answer"
    office.script("document.querySelector('#devices summary').focus()")
    office.loader.state("two", b"offline")
    until(lambda: level(office, "two") == "offline", 10, "another device")
    assert office.script(focused) == "SUMMARY"
    unnamed = """return [...document.querySelectorAll("button, input")].filter((each) =>
        each.checkVisibility() && !(each.labels?.[0] ?? each).textContent.trim())
        .map((each) => each.outerHTML)"""
    assert office.script(unnamed) == []


def test_a_plan_shows_where_each_stands_and_leads_to_its_row(
    office: Office, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("places")
    (folder / "alley.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20" onload="document.title=3">'
        '<rect width="40" height="20" fill="#fff" stroke="#333"/></svg>'
    )
    stall = {"ko": "3번 골목 떡집", "en": "Rice cakes, alley 3", "x": 0.25, "y": 0.5}
    places = {"plan": "alley.svg", "devices": {"test/one": stall}}
    (folder / "places.json").write_text(json.dumps(places), "utf-8")
    office.loader.state("one", online())
    office.loader.state("two", online())
    with served(office.broker, "--places", str(folder / "places.json")) as address:
        office.open(page=address)
        until(lambda: level(office, "one") == "proven", 10, "the device is shown")
        office.find("#to-plan").click()
        shows(office, "#plan .name", "3번 골목 떡집")
        shows(office, "#sites .name", "two")
        box = office.script(
            "const at = (q) => document.querySelector(q).getBoundingClientRect();"
            "const plan = at('#plan img'), mark = at('.markers li');"
            "return [(mark.x + mark.width / 2 - plan.x) / plan.width,"
            " (mark.y + mark.height / 2 - plan.y) / plan.height]"
        )
        assert box == pytest.approx([0.25, 0.5], abs=0.02)
        office.find(".markers button").click()
        assert (
            office.script("return document.activeElement.closest('li').dataset.device")
            == "test/one"
        )
        assert office.find("#devices .facts").is_displayed()


def test_a_thousand_devices_are_shown(office: Office) -> None:
    for n in range(1000):
        office.loader.state(f"stall-{n:04}", online(), site=f"alley-{n % 40}")
    office.loader.flush()
    office.open()
    until(lambda: len(office.all("#devices > li")) == 1000, 30, "a thousand rows")
    took_ms = office.script("return performance.now()")
    drawn = """const begins = performance.now(); document.querySelector(given).click();
               document.body.offsetHeight; return performance.now() - begins"""
    plan_ms = office.script(drawn.replace("given", "'#to-plan'"))
    list_ms = office.script(drawn.replace("given", "'#to-list'"))
    sys.stdout.write(
        f"\nconsole: 1,000 devices: all shown {took_ms:.0f} ms after navigation,"
        f" plan drawn in {plan_ms:.0f} ms, list in {list_ms:.0f} ms\n"
    )
    office.loader.event("stall-0500", record("b-9"), site="alley-20")
    shows(office, "#alarms .where", "alley-20/stall-0500")
    assert office.texts("#devices > li .name")[0] == "alley-20/stall-0500"


def test_alarms_of_a_whole_street_are_all_counted_and_do_not_freeze_the_page(
    office: Office,
) -> None:
    office.open()
    for n in range(400):
        office.loader.event(f"house-{n:03}", record(f"b-{n}"))
    office.loader.flush()
    until(lambda: office.texts("#alarm-count") == ["400"], 20, "all are counted")
    assert len(office.all("#alarms li")) == 100
    shows(office, "#more-alarms", "300건")
    office.loader.event("last", record("b-last", hazard="sos"))
    until(lambda: "test/last" in office.texts("#alarms li:first-child .where")[0], 5, "on top")
