"""What the rehearsal did, how long each step took, and what proves it: JSON, and a page."""

import html
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Haetae: rehearsal of an installation</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 60rem; margin: auto; padding: 1rem }}
th, td {{ text-align: left; padding: .25rem .75rem .25rem 0; vertical-align: top }}
figure {{ display: inline-block; margin: .5rem; vertical-align: top }}
img {{ width: 15rem; border: 1px solid #888 }} li {{ overflow-wrap: anywhere }}
</style>
<h1>Rehearsal of an installation</h1>
<p>{verdict}. {seconds:.0f} s in all. Nothing here has met a board: the cards were files, the Pis
emulated, the wires simulated, and every message of the devices says so.</p>
<table><tr><th>step<th>seconds<th>result<th>evidence</tr>
{rows}
</table>
{pictures}
</html>
"""


@dataclass(slots=True)
class Step:
    """One step; `evidence` are facts that were observed, each a line."""

    name: str
    seconds: float = 0.0
    result: str = "failed"
    evidence: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)

    def saw(self, fact: str) -> None:
        """Keep a fact that was observed."""
        self.evidence.append(fact)


class Report:
    """Written anew after each step, so that a rehearsal that breaks off leaves one, too."""

    def __init__(
        self, folder: Path, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._say, self._clock = folder, say, clock
        self._steps: list[Step] = []
        self._began = clock()
        folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Time what is done within; whatever ends it early is its failure, and goes on."""
        step = Step(name)
        self._steps.append(step)
        self._say(f"{name} ...")
        begin = self._clock()
        try:
            yield step
            step.result = "good"
        except BaseException as error:
            step.saw(f"{type(error).__name__}: {error}")
            raise
        finally:
            step.seconds = round(self._clock() - begin, 1)
            self._say(f"{name}: {step.result}, {step.seconds:.0f} s")
            for fact in step.evidence:
                self._say(f"    {fact}")
            self._write()

    @property
    def seconds(self) -> float:
        """Since the rehearsal began."""
        return self._clock() - self._began

    def _write(self) -> None:
        facts: dict[str, Any] = {
            "seconds": round(self.seconds, 1),
            "result": _verdict(self._steps),
            "steps": [asdict(each) for each in self._steps],
        }
        text = json.dumps(facts, ensure_ascii=False, indent=1)
        (self._folder / "report.json").write_text(text + "\n", "utf-8")
        page = _PAGE.format(
            verdict=html.escape(_verdict(self._steps).capitalize()),
            seconds=self.seconds,
            rows="\n".join(map(_row, self._steps)),
            pictures="\n".join(_pictures(each) for each in self._steps if each.pictures),
        )
        (self._folder / "index.html").write_text(page, "utf-8")


def _verdict(steps: list[Step]) -> str:
    failed = [each.name for each in steps if each.result != "good"]
    return f"failed: {', '.join(failed)}" if failed else "every step up to here was good"


def _row(step: Step) -> str:
    facts = "".join(f"<li>{html.escape(fact)}" for fact in step.evidence)
    name, result = html.escape(step.name), html.escape(step.result)
    return f"<tr><td>{name}<td>{step.seconds:.1f}<td>{result}<td><ul>{facts}</ul></tr>"


def _pictures(step: Step) -> str:
    figures = "".join(
        f'<figure><img src="{html.escape(each)}" alt="{html.escape(Path(each).stem)}">'
        f"<figcaption>{html.escape(Path(each).stem)}</figcaption></figure>"
        for each in step.pictures
    )
    return f"<h2>{html.escape(step.name)}</h2>{figures}"
