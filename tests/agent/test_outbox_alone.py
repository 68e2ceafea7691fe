"""No configuration, and so nobody who may change one from afar, touches how events are kept."""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

import agent
from agent.outbox import Outbox
from agent.sections import Config

SOURCES = Path(agent.__file__).parent


def keys(kind: Any) -> Iterator[str]:
    """The name of every key that may stand in a configuration, at any depth."""
    seen, todo = set[str](), [msgspec.inspect.type_info(kind)]
    while todo:
        found: Any = todo.pop()
        if isinstance(found, msgspec.inspect.StructType) and found.cls.__name__ not in seen:
            seen.add(found.cls.__name__)
            yield from (field.encode_name for field in found.fields)
            todo += [field.type for field in found.fields]
        todo += getattr(found, "types", ())
        todo += [
            part
            for name in ("item_type", "key_type", "value_type")
            if (part := getattr(found, name, None)) is not None
        ]


def made_in(tree: ast.AST) -> Iterator[ast.Call]:
    """Every place that makes an outbox."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Outbox":
            yield node


def test_no_key_of_a_configuration_names_what_an_outbox_is_made_of() -> None:
    arguments = set(inspect.signature(Outbox).parameters)
    found = set(keys(Config))
    assert "host" in found, "the keys of a section within are seen"
    assert not found & (arguments | {"outbox", "state", "reserve", "lanes", "lane", "evict"})


def test_no_outbox_is_made_from_anything_but_the_state_directory() -> None:
    calls = [
        (path.name, call)
        for path in sorted(SOURCES.rglob("*.py"))
        for call in made_in(ast.parse(path.read_text("utf-8")))
    ]
    assert {name for name, _ in calls} >= {"app.py", "selftest.py"}
    for name, call in calls:
        used = {node.id for node in ast.walk(call) if isinstance(node, ast.Name)}
        assert used <= {"Outbox", "Path", "state", "folder"}, f"{name}: {ast.unparse(call)}"


def test_nothing_but_the_outbox_and_its_shelf_opens_the_store() -> None:
    allowed = {"bounds.py", "shelf.py", "outbox.py", "eventstore.py"}
    importing = {
        path.name
        for path in SOURCES.rglob("*.py")
        if "from agent.eventstore import" in (text := path.read_text("utf-8"))
        and "import GENESIS\n" not in text
    }
    assert importing <= allowed
