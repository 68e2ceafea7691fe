"""Every failure that `provisioning` can tell of, from its code: its code, what it says, the remedy.

A failure is `Failure("code", Why(...), Why(...))`; or its words stand in a table called `WORDS` by
their codes; or a function of the module makes it from a code that it is given. What is put into
a sentence when it is told shows as "…".
"""

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.values import Why

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "provisioning"
_TABLES = ("WORDS", "_WORDS")
_NOTHING = Why("…", "…")


@dataclass(frozen=True, slots=True)
class Told:
    """One failure, and the module that tells of it."""

    code: str
    what: Why
    remedy: Why
    module: str


class UnreadableError(Exception):
    """A failure whose code cannot be read from the source."""


def failures() -> list[Told]:
    """All of them, by code; one a code.

    Raises:
        UnreadableError: One of them is written in a way that this does not know.
    """
    found: dict[str, Told] = {}
    for path in sorted({*PACKAGE.rglob("*.py")} - {PACKAGE / "remedy.py"}):  # it tells of none
        for each in _of_module(path):
            if each.code not in found or found[each.code].what == _NOTHING:
                found[each.code] = each
    return sorted(found.values(), key=lambda each: each.code)


def _of_module(path: Path) -> Iterator[Told]:
    tree = ast.parse(path.read_text("utf-8"))
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    tables = [each for each in _assigned(tree) if each in _TABLES]
    for table in tables:
        for code, words in getattr(importlib.import_module(name), table).items():
            if isinstance(words, tuple) and len(words) == 4:
                yield Told(code, Why(*words[:2]), Why(*words[2:]), name)
            elif isinstance(words, tuple) and isinstance(words[0], Why):
                yield Told(code, words[0], words[1], name)
    for function, call in _calls(tree, "Failure"):
        codes = _codes(tree, function, call, is_from_table=bool(tables))
        source = _Source(name, tree, function)
        what, remedy = (source.why(each) for each in [*call.args, None, None][1:3])
        yield from (Told(code, what, remedy, name) for code in codes)


def _assigned(tree: ast.Module) -> Iterator[str]:
    for each in tree.body:
        targets = each.targets if isinstance(each, ast.Assign) else [getattr(each, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


def _calls(tree: ast.Module, name: str) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Every call of `name`, with the function that it stands in."""
    inside = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef):
            inside.update({id(below): each for below in ast.walk(each)})
    for each in ast.walk(tree):
        if isinstance(each, ast.Call) and getattr(each.func, "id", "") == name:
            yield inside.get(id(each)), each


def _codes(
    tree: ast.Module, function: ast.FunctionDef | None, call: ast.Call, *, is_from_table: bool
) -> list[str]:
    code = call.args[0]
    if isinstance(code, ast.Starred):
        return []  # a sensor's, of a table of its own
    if isinstance(code, ast.Attribute | ast.Call) or (isinstance(code, ast.Name) and is_from_table):
        return []  # another's, passed on; or of a table
    if isinstance(code, ast.IfExp):
        found = [code.body, code.orelse]
    elif isinstance(code, ast.Name) and function is not None:
        found = _given(tree, function, code.id)
    else:
        found = [code]
    texts = [each.value for each in found if isinstance(each, ast.Constant)]
    if len(texts) != len(found) or not texts:
        raise UnreadableError(f"line {call.lineno}: {ast.unparse(code)}")
    return [str(each) for each in texts]


def _given(tree: ast.Module, function: ast.FunctionDef, name: str) -> list[ast.expr]:
    """What the function is called with for that argument, or loops over; or a constant."""
    names = [each.arg for each in function.args.args]
    if name in names:
        return [call.args[names.index(name)] for _, call in _calls(tree, function.name)]
    for each in ast.walk(function):
        if isinstance(each, ast.For) and isinstance(each.target, ast.Tuple):
            targets = [getattr(target, "id", "") for target in each.target.elts]
            rows = _table(tree, getattr(each.iter, "id", ""))
            if name in targets and rows is not None:
                place = targets.index(name)
                return [row.elts[place] for row in rows.elts if isinstance(row, ast.Tuple)]
    return [
        each.value
        for each in tree.body
        if isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "") == name
    ]


def _table(tree: ast.Module, name: str) -> ast.Tuple | None:
    for each in tree.body:
        if not isinstance(each, ast.Assign) or not isinstance(each.value, ast.Tuple):
            continue
        if [getattr(target, "id", "") for target in each.targets] == [name]:
            return each.value
    return None


@dataclass(frozen=True, slots=True)
class _Source:
    """Where words are looked for: a module by its name, its tree, and a function in it."""

    module: str
    tree: ast.Module
    function: ast.FunctionDef | None

    def why(self, node: ast.expr | None) -> Why:
        """The words of an expression: written there, or by a name, or made by a function."""
        if isinstance(node, ast.IfExp):
            return self.why(node.body)
        if isinstance(node, ast.Name):
            return self._named(node.id)
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            return _NOTHING
        if node.func.id == "Why" and len(node.args) == 2:
            return Why(_text(node.args[0]), _text(node.args[1]))
        made = [each for each in self.tree.body if getattr(each, "name", "") == node.func.id]
        last = made[0].body[-1] if made and isinstance(made[0], ast.FunctionDef) else None
        return self.why(last.value) if isinstance(last, ast.Return) else _NOTHING

    def _named(self, name: str) -> Why:
        for each in ast.walk(self.function) if self.function is not None else ():
            if isinstance(each, ast.Assign) and getattr(each.targets[0], "id", "") == name:
                return self.why(each.value)
        found = getattr(importlib.import_module(self.module), name, None)
        return found if isinstance(found, Why) else _NOTHING


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(each) for each in node.values)
    return "…"
