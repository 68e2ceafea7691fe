"""The end of an installation: what is missing, or else the signed record that all was done.

The record is a compact JWS of the device's own key; `provisioning.commission` says what is in it.
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from agent.coverage import FLOOR, standing_for
from agent.signing import Signer, SigningError, load_signer
from agent.values import Hazard, Why
from agent.wallclock import read_wall_clock
from provisioning import commission as form
from provisioning.places import CERTIFICATE, COMMISSIONED, DEVICE_TOML, KEY
from provisioning.remedy import Failure
from provisioning.setup_page import contacts, noise
from provisioning.setup_page.draft import Trial
from provisioning.setup_page.files import put
from provisioning.setup_page.refusals import RefusedError
from provisioning.setup_page.words import driver_of

if TYPE_CHECKING:
    from provisioning.setup_page.installation import Installation

log = logging.getLogger(__name__)

CONTACTS_CONSENT = "contacts"
_STEPS: Mapping[str, Why] = {
    "identity": Why("기기의 신분증", "the device's identity"),
    "place": Why("설치한 곳", "the place"),
    "profile": Why("기기의 쓰임", "the purpose"),
    "sensors": Why("센서 시험", "the sensors' tests"),
    "zones": Why("침대와 소파", "beds and sofas"),
    "noise": Why("평소 소리", "the usual noise"),
    "network": Why("연결 확인", "the connection"),
    "contacts": Why("연락할 사람", "the people to call"),
}


def commission(what: "Installation", installer: str, consents: Sequence[str]) -> dict[str, Any]:
    """Write the record, have the ledger say so, and let the page close.

    Raises:
        RefusedError: Something is missing, the key does not sign, or no agent answers.
        OSError: The disk is full, read-only or broken.
    """
    open_steps = [each["id"] for each in what.state()["steps"] if not each["done"]]
    if missing := [step for step in open_steps if step != "commission"]:
        raise RefusedError(_not_ready(missing), missing=missing)
    status = what.status_or_refuse()
    body = contents(what, status, installer, consents)
    text = form.sign_record(body, _signer(what))
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    outcomes = {name: each.outcome for name, each in body.sensors.items()}
    told = {"sha256": sha256, "installer": installer, "profile": body.profile}
    what.link.ask(commissioned=told | {"outcomes": outcomes})
    put(what.places.configuration / COMMISSIONED, text.encode())
    what.finish(text, sha256, body.time.at)
    log.warning("setup: commissioned by %s: record %s", installer, sha256[:16])
    return {"sha256": sha256}


def contents(
    what: "Installation", status: Mapping[str, Any], installer: str, consents: Sequence[str]
) -> form.Commissioning:
    """What the record says."""
    wall, now, places = read_wall_clock(), what.draft, what.places
    people = contacts.load(places.configuration)
    has_consent = CONTACTS_CONSENT in consents
    config = what.config
    sensors = {} if config is None else {
        each.name: _sensor(driver_of(each), now.trials.get(each.name, Trial()))
        for each in config.sensors
    }  # fmt: skip
    toml = (places.configuration / DEVICE_TOML).read_bytes()
    return form.Commissioning(
        device=what.seed.device,
        site=what.seed.site,
        place=now.place or what.seed.place,
        profile=now.profile,
        configuration_sha256=hashlib.sha256(toml).hexdigest(),
        software=str(status.get("software", "")),
        simulated=bool(status.get("simulated")),
        sensors=sensors,
        untried=_untried(what),
        coverage={name: _claim(each) for name, each in status.get("coverage", {}).items()},
        zones={camera: len(drawn) for camera, drawn in (now.zones or {}).items()},
        noise=None if now.noise is None or noise.microphone(config) is None else form.Quiet(
            sensor=now.noise.sensor,
            level_dba=now.noise.level_dba,
            offset_db=now.noise.offset_db,
            at=now.noise.at,
        ),
        network=form.Checked(code=now.network.code, at=now.network.at),
        contacts=[
            form.Person(each.name, each.phone, each.relation, each.last_confirmed)
            for each in people
        ] if has_consent else [],
        contact_count=len(people),
        installer=installer,
        consents=sorted(set(consents)),
        time=form.Time(wall.iso, str(wall.source), wall.uncertainty_s),
        certificate=(places.identity / CERTIFICATE).read_text("ascii"),
    )  # fmt: skip


def _sensor(driver: str, trial: Trial) -> form.Tried:
    return form.Tried(
        driver=driver,
        outcome="passed" if trial.state == "passed" else "skipped",
        proof=trial.proof,
        quantity=trial.quantity,
        reason=trial.reason,
        inspection=trial.nonce,
        at=trial.at,
    )


def _untried(what: "Installation") -> list[str]:
    """The hazards that no sensor of this device has shown to feel: nobody may think otherwise."""
    config, found = what.config, []
    if config is None:
        return []
    for hazard in Hazard:
        if hazard not in FLOOR or not (names := standing_for(config, hazard)):
            continue
        if not any(what.draft.trials.get(name, Trial()).state == "passed" for name in names):
            found.append(str(hazard))
    return found


def _claim(found: Any) -> str:
    return str(found["claim"]) if isinstance(found, dict) else str(found)


def _signer(what: "Installation") -> Signer:
    try:
        return load_signer(what.places.identity / KEY)
    except SigningError as error:
        raise RefusedError(_unsigned(str(error))) from None


def _not_ready(missing: Sequence[str]) -> Failure:
    ko = ", ".join(_STEPS[step].ko for step in missing)
    en = ", ".join(_STEPS[step].en for step in missing)
    return Failure(
        "not-finished",
        Why(f"아직 마치지 않은 것이 있어요: {ko}.", f"Something is still to be done: {en}."),
        Why("그 단계로 돌아가서 마쳐 주세요.", "Please go back to it, and finish it."),
        ", ".join(missing),
    )


def _unsigned(detail: str) -> Failure:
    return Failure(
        "key-unusable",
        Why("기기의 열쇠로 서명할 수 없어요.", "The device's key does not sign."),
        Why(
            "사무실에 전화해 주세요. 기기를 바꿔야 할 수 있어요.",
            "Please call the office: it may have to be exchanged.",
        ),
        detail,
    )
