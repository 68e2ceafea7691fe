"""What is typed into the setup page, by careless and by hostile people; and what comes after."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw_mocks.setup_rig import SetupRig
from provisioning.places import COMMISSIONED, CONTACTS, DEVICE_TOML, SETUP_REQUEST
from provisioning.setup_page import server
from provisioning.setup_page.contacts import load
from provisioning.setup_page.refusals import RefusedError
from provisioning.setup_page.typed import one_line
from tests.provisioning.setting_up import Installer
from tests.running import until

BLANKS = (" ", "\t\n", "\u3000", "\u3164", "\u200b\u2060", "\u202e", "\x00")
PERSON = {"name": "최영자", "phone": "02-123-4567", "last_confirmed": "2026-10-01"}


@pytest.fixture(scope="module")
def installer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installer]:
    with SetupRig(tmp_path_factory.mktemp("t"), lingers_s=server.LINGERS_S) as rig:
        made = Installer(rig).open()
        made.choose("market-stall")
        yield made


@pytest.mark.parametrize("blank", BLANKS)
def test_what_only_looks_filled_in_is_empty(installer: Installer, blank: str) -> None:
    for path, body in (
        ("/api/place", {"ko": "망원시장 9호", "en": blank}),
        ("/api/place", {"ko": blank, "en": "Mangwon market 9"}),
        ("/api/skip", {"sensor": "co", "reason": blank}),
        ("/api/contacts", {"contacts": [PERSON | {"name": blank}]}),
        ("/api/commission", {"installer": blank, "consents": []}),
    ):
        assert installer.refused(path, **body)["code"] == "nothing-written", body
    assert not installer.steps()["place"]


def test_nothing_hidden_is_kept(installer: Installer) -> None:
    hidden = "은행\u202e앞\r\n[hub]\x1b[2J\u200b 3호"
    installer.do("/api/skip", sensor="co", reason=hidden)
    installer.do("/api/contacts", contacts=[PERSON | {"name": hidden, "relation": hidden}])
    found = load(installer.rig.configuration)[0]
    shown = "은행 앞 [hub] [2J 3호"
    assert (found.name, found.relation) == (shown, shown)
    assert installer.sensor("co")["trial"]["reason"] == shown
    kept = (installer.rig.configuration / CONTACTS).read_text("utf-8")
    assert json.loads(kept)["contacts"][0]["last_confirmed"] == PERSON["last_confirmed"]


@pytest.mark.parametrize("consent", ["everything", "", "x" * 20_000, 5])
def test_a_consent_that_nobody_is_asked_for_is_none(installer: Installer, consent: object) -> None:
    refused = installer.refused("/api/commission", installer="박기사", consents=[consent])
    assert refused["code"] == "not-understood"


@given(text=st.text(max_size=80))
def test_a_line_stays_one_line_and_is_found_again(text: str) -> None:
    try:
        found = one_line(text)
    except RefusedError:
        return
    assert found.isprintable()
    assert found == one_line(found)


CHANGES: dict[str, dict[str, Any]] = {
    "/api/place": {"ko": "다른 곳", "en": "elsewhere"},
    "/api/profile": {"name": "elder-home"},
    "/api/try": {"sensor": "sos"},
    "/api/skip": {"sensor": "sos", "reason": "later"},
    "/api/contacts": {"contacts": [PERSON]},
    "/api/network": {},
}


def test_what_was_signed_is_not_changed_until_somebody_holds_the_button(tmp_path: Path) -> None:
    with SetupRig(tmp_path) as rig:
        installer = Installer(rig).open()
        installer.do("/api/profile", name="market-stall")
        assert rig.installation is not None
        (rig.configuration / COMMISSIONED).write_text("a record")
        before = (rig.configuration / DEVICE_TOML).read_bytes()
        rig.installation.finish("a record", "cd" * 32, "2026-11-22T09:00:00Z")
        for path, body in CHANGES.items():
            assert installer.refused(path, **body)["code"] == "already-commissioned", path
        assert (rig.configuration / DEVICE_TOML).read_bytes() == before
        (rig.run / SETUP_REQUEST).write_text("the button was held\n")
        until(lambda: installer.state()["record"] is None, 20, "it takes changes again")
        installer.do("/api/place", **CHANGES["/api/place"])
        assert not installer.steps()["commission"], "it has to be signed anew"
        assert rig.exit_code == -1, "and is open"
