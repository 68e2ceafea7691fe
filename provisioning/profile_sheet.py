"""Parts, wiring and limits of a profile on sheets for a printer or a phone: one file of HTML."""

import html
from collections.abc import Iterator

from agent.sections import Config
from provisioning import parts_list
from provisioning.limits import limits
from provisioning.parts_list import HEADS, PRICES, WIRE_HEADS, html_table
from provisioning.wiring import plan
from provisioning.wiring_phone import phone_picture
from provisioning.wiring_picture import picture

LIMIT_HEADS = (
    "위험 · hazard", "단계 · stage", "언제 · when", "한계 · limit", "동안 · for", "근거 · source",
)  # fmt: skip
_RULED = "box-sizing:border-box;border:1px solid #888;border-collapse:collapse;padding:3px 5px"
_STYLE = f"""@page {{ size: A4; margin: 10mm }} body {{ font: 10pt/1.35 'Noto Sans KR',
'Noto Sans CJK KR', NanumGothic, sans-serif; max-width: 190mm; margin: auto }}
table {{ width: 100%; font-size: 8.5pt }} table, th, td {{ {_RULED} }} th {{ background: #eee }}
svg {{ width: 100%; height: auto }} .paper svg {{ max-height: 270mm }} .phone {{ display: none }}
h1 {{ font-size: 16pt }} h2 {{ font-size: 12pt; break-after: avoid }} tr {{ break-inside: avoid }}
.paper {{ break-before: page; break-after: page }}
@media screen and (max-width: 700px) {{ .phone {{ display: block }} .paper {{ display: none }} }}"""


def limit_rows(config: Config) -> Iterator[list[str]]:
    """What the profile warns of: a row a limit, as the heads `LIMIT_HEADS` say."""
    for each in limits(config):
        when = f"{each.what.ko} · {each.what.en}"
        yield [f"`{each.hazard}`", each.stage, when, each.value, each.hold, each.source]


def sheet(config: Config) -> str:
    """The whole page; on a narrow screen it has the narrow picture."""
    boxes = plan(config)
    parts = html_table(HEADS, parts_list.rows(parts_list.items(boxes)))
    wires = html_table(WIRE_HEADS, parts_list.wire_rows(boxes))
    told = html_table(LIMIT_HEADS, limit_rows(config))
    title = html.escape(f"{config.title.ko} · {config.title.en}")
    return f"""<!doctype html>
<html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{_STYLE}</style>
<h1>{title}</h1><p>{html.escape(config.profile)}</p>
<h2>부품 · Parts</h2>{parts}<p>{html.escape(PRICES)}</p>
<div class="paper">{picture(boxes, config.title)}</div>
<div class="phone">{phone_picture(boxes, config.title)}</div>
<h2>배선 · Wiring</h2>{wires}
<h2>언제 알리나 · When it warns</h2>{told}
</html>
"""
