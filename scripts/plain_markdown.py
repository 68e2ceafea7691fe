"""The Markdown of docs/people as HTML for a printer: headings, tables, lists, quotes, links."""

import html
import re
from collections.abc import Iterator

STYLE = """
@page { size: A4; margin: 11mm }
* { box-sizing: border-box }
body { font: 10pt/1.4 NanumGothic, "Noto Sans KR", "Noto Sans CJK KR", sans-serif; color: #111; max-width: 186mm; margin: auto }
h1 { font-size: 17pt; margin: 0 0 3mm } h2 { font-size: 12.5pt; margin: 4mm 0 1.5mm; break-after: avoid } p, ul, ol { margin: 1.5mm 0 }
table { border-collapse: collapse; width: 100%; font-size: 8.5pt; line-height: 1.3 } th, td { border: .2mm solid #999; padding: .8mm 1.4mm; text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { background: #eee } tr { break-inside: avoid } blockquote { border-left: 1mm solid #a11b0b; margin: 2mm 0; padding: .5mm 3mm } code { font-size: 90% }
body.sheet { font-size: 11.2pt; line-height: 1.26 } body.sheet table { font-size: 10.2pt; line-height: 1.2 } body.sheet h1 { font-size: 17pt; margin-bottom: 1.5mm } body.sheet h2 { margin: 2mm 0 .5mm } body.sheet p, body.sheet ul { margin: .8mm 0 }
body.sheet em { color: #333; font-size: 9pt; font-style: normal; line-height: 1.1 }
"""  # noqa: E501  # a style sheet


def html_of(text: str) -> str:
    """A whole page; one that is meant to be one sheet has larger type."""
    title = html.escape(text.partition("\n")[0].lstrip("# "))
    kind = ' class="sheet"' if "sheet" in text.partition("\n")[0] or len(text) < 6000 else ""
    body = "\n".join(_blocks(re.sub(r"<!--.*?-->\n?", "", text, flags=re.DOTALL)))
    return (
        f'<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style></head><body{kind}>{body}</body></html>\n"
    )


def _blocks(text: str) -> Iterator[str]:
    for block in re.split(r"\n{2,}", text.strip()):
        lines = block.splitlines()
        if lines[0].startswith("#"):
            level = len(lines[0]) - len(lines[0].lstrip("#"))
            yield f"<h{level}>{_inline(lines[0].lstrip('# '))}</h{level}>"
        elif lines[0].startswith("|"):
            yield _table(lines)
        elif lines[0].startswith("- "):
            yield "<ul>" + "".join(f"<li>{_inline(each[2:])}</li>" for each in lines) + "</ul>"
        elif re.match(r"\d+\. ", lines[0]):
            items = (each.partition(". ")[2] for each in lines)
            yield "<ol>" + "".join(f"<li>{_inline(each)}</li>" for each in items) + "</ol>"
        elif lines[0].startswith("> "):
            yield f"<blockquote>{_inline(' '.join(each[2:] for each in lines))}</blockquote>"
        else:
            yield f"<p>{_inline(' '.join(lines))}</p>"


def _table(lines: list[str]) -> str:
    rows = [re.split(r"(?<!\\)\|", each.strip().strip("|")) for each in lines]
    head = "".join(f"<th>{_inline(each.strip())}</th>" for each in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_inline(each.strip())}</td>" for each in row) + "</tr>"
        for row in rows[2:]
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _inline(text: str) -> str:
    made = html.escape(text.replace("\\|", "|"), quote=False)
    made = re.sub(r"`([^`]+)`", r"<code>\1</code>", made)
    made = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", made)
    made = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", made)
    return re.sub(r"(?<!\w)\*(.+?)\*(?!\w)", r'<em lang="en">\1</em>', made)
