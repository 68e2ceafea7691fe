"""The hub's documents and examples are what the code says, and what their standards ask."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator, FormatChecker

from agent.commands import VERBS
from agent.values import Hazard, Stage
from models.fetch import FetchError, fetch
from provisioning import hub_files
from provisioning.contract import SCHEMAS
from provisioning.hub_files import FOLDER
from tests.provisioning import schemas

# AsyncAPI's own schema, Apache-2.0; from the npm registry, never committed
OFFICIAL = {
    "asyncapi": {
        "package": "@asyncapi/specs@6.11.1",
        "package_sha256": "01af8744dc33c0c7eb2e908f6a955319ee58b70ecadc9387d1aeb16c0cd28928",
        "member": "package/schemas/3.0.0-without-$id.json",
        "tflite": "asyncapi-3.0.0.json",
        "tflite_sha256": "abe96881dbfaad495ccbb6bd8d3fb43ca18a13b9d7564849ccb66f39d5e5b20f",
    }
}
CACHE = Path(sys.prefix) / "schemas"
FORMATS = FormatChecker()


def document() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text("utf-8"))
    return found


def lines(name: str) -> list[dict[str, Any]]:
    path = FOLDER / "examples" / f"events.{name}.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("name", sorted(hub_files.files()))
def test_a_file_is_what_the_code_makes(name: str) -> None:
    written = (FOLDER / name).read_text("utf-8")
    assert written == hub_files.files()[name], "run: python -m provisioning.hub_files"


def test_the_document_is_valid_by_asyncapis_own_schema() -> None:
    try:
        (path,) = fetch(CACHE, tables=OFFICIAL)
    except FetchError as error:
        pytest.skip(f"AsyncAPI's schema cannot be had: {error}")
    validator = Draft7Validator(json.loads(path.read_bytes()))
    assert not [f"{e.json_path}: {e.message}" for e in validator.iter_errors(document())]


def references(part: Any) -> Iterator[str]:
    """Every $ref within, at any depth."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    whole = document()
    found = set(references(whole))
    assert len(found) > 30
    for reference in found:
        at: Any = whole
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def test_the_channels_are_the_topics_of_the_broker() -> None:
    """Each pattern of a device's in acl.conf is a channel, and each channel such a pattern."""
    text = (FOLDER / "acl.conf").read_text("utf-8")
    patterns = set(re.findall(r"^pattern \w+ haetae/v1/\+/%u/(\S+)$", text, re.MULTILINE))
    addresses = {each["address"] for each in document()["channels"].values()}
    below = {re.sub(r"\{\w+\}", "+", each).removeprefix("haetae/v1/+/+/") for each in addresses}
    assert below == patterns


def test_the_document_names_every_verb_and_every_hazard() -> None:
    parameters = document()["components"]["parameters"]
    assert set(parameters["verb"]["enum"]) == set(VERBS)
    assert set(parameters["hazard"]["enum"]) == {str(each) for each in Hazard}


def part(name: str) -> Draft202012Validator:
    """A schema of the document, with the others within reach."""
    whole = document()
    schema = {"$ref": f"#/components/schemas/{name}", "components": whole["components"]}
    return Draft202012Validator(schema, format_checker=FORMATS)


@pytest.mark.parametrize("form", ["binary", "structured"])
def test_there_is_an_example_of_each_hazard_at_each_stage(form: str) -> None:
    found = lines(form)
    events = [
        each["payload"]["data"] if form == "structured" else each["payload"] for each in found
    ]
    pairs = [(each["hazard"], each["stage"]) for each in events]
    assert pairs == [(str(hazard), str(stage)) for hazard in Hazard for stage in Stage]
    validator = Draft202012Validator(SCHEMAS["event"](), format_checker=FORMATS)
    for line, event in zip(found, events, strict=True):
        validator.validate(event)
        assert line["topic"] == f"haetae/v1/alley-3/stall-17/event/{event['hazard']}"


def test_the_examples_attributes_are_those_of_cloudevents() -> None:
    attributes, structured = part("CloudEventAttributes"), part("StructuredEvent")
    own = Draft202012Validator(schemas.CLOUD_EVENT, format_checker=FORMATS)
    for line in lines("binary"):
        attributes.validate(line["userProperties"])
    for line in lines("structured"):
        structured.validate(line["payload"])
        own.validate(line["payload"])


def test_the_examples_in_the_document_are_valid_where_they_stand() -> None:
    for message in document()["components"]["messages"].values():
        for example in message.get("examples", []):
            part(message["payload"]["$ref"].rpartition("/")[2]).validate(example["payload"])
            if "headers" in example:
                part("CloudEventAttributes").validate(example["headers"])


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "examples").glob("*-*.json")), ids=lambda p: p.name
)
def test_every_other_example_is_valid(path: Path) -> None:
    found = json.loads(path.read_bytes())
    if path.name.startswith("command-"):
        kind = VERBS[path.stem.removeprefix("command-")].__name__
    elif path.name.startswith("ack-"):
        kind = "Answer"
    else:
        kind = "StructuredEvent" if "specversion" in found else "Event"
    part(kind).validate(found)


def test_a_state_is_valid_by_its_schema() -> None:
    (ack,) = (json.loads((FOLDER / "examples" / "ack-accepted.json").read_bytes()),)
    Draft202012Validator(SCHEMAS["state"]()).validate(ack["state"])
