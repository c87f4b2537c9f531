"""Builds the pages' HTML: elements that escape their content, and the frame, style and policy of every page."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from html import escape

from starlette.responses import HTMLResponse

from studio.words import visible

_STYLE = """
:root{color-scheme:light dark;--back:#fff;--card:#f6f7f9;--text:#1b1f24;--soft:#5b6470;--line:#d9dee4;--link:#0a58ca;
--good:#18794e;--bad:#b42318;--busy:#8a5a00}
@media(prefers-color-scheme:dark){:root{--back:#14171a;--card:#1d2126;--text:#e8eaed;--soft:#9aa4af;--line:#353c44;
--link:#7db3ff;--good:#4cc38a;--bad:#ff8b80;--busy:#f1b64c}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:68rem;padding:1rem 1.25rem 4rem;background:var(--back);color:var(--text);
font:16px/1.5 system-ui,sans-serif;overflow-wrap:break-word}
h1{font-size:1.6rem;line-height:1.25;margin:.6rem 0}
h2{font-size:1.2rem;margin:2.2rem 0 .6rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
a{color:var(--link)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding-bottom:.6rem;border-bottom:1px solid var(--line)}
nav b{margin-right:auto}
.soft,small,figcaption,dt{color:var(--soft)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.4rem 1rem .4rem 0;border-bottom:1px solid var(--line);
font-variant-numeric:tabular-nums}
th:last-child,td:last-child{padding-right:0}
.long{overflow-wrap:anywhere}
td .long{display:inline-block;min-width:12rem}
a .long{text-decoration:underline}
time{white-space:nowrap}
th{color:var(--soft);font-weight:600;white-space:nowrap}
code,pre{font:.85rem/1.5 ui-monospace,monospace}
pre{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.7rem .9rem;overflow-x:auto;
overflow-wrap:normal;margin:.4rem 0}
pre.folded{white-space:pre-wrap;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.2rem 1.1rem 1rem;margin:1rem 0}
section h2{margin-top:.9rem}
section pre{background:var(--back)}
figure{margin:0}
summary{cursor:pointer;padding:.3rem 0}
dl{display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1.2rem;margin:.6rem 0}
dd{margin:0}
.log{list-style:none;margin:.4rem 0;padding:0;font-size:.9rem}
.log li{padding:.15rem 0;border-bottom:1px solid var(--line)}
.log time{color:var(--soft);margin-right:.4rem}
.pill{display:inline-block;white-space:nowrap;border:1px solid;border-radius:1rem;padding:0 .6rem;font-size:.85rem;
color:var(--soft)}
.pill.Finished,.good{color:var(--good)}.pill.Failed,.bad{color:var(--bad)}.pill.Running,.busy{color:var(--busy)}
.steps{list-style:none;display:flex;gap:3px;margin:.35rem 0 0;padding:0;min-width:13.5rem;max-width:26rem}
.steps li{flex:1;border-top:4px solid var(--line);font-size:.72rem;color:var(--soft);white-space:nowrap}
.steps .done{border-color:var(--good)}.steps .now{border-color:var(--busy);color:var(--busy)}
.steps .failed{border-color:var(--bad);color:var(--bad)}
form{display:grid;grid-template-columns:repeat(auto-fill,minmax(14rem,1fr));gap:.7rem 1rem;align-items:end}
form .whole{grid-column:1/-1}
label{display:block;font-size:.9rem}
input,button{font:inherit;width:100%;padding:.45rem .6rem;border:1px solid var(--line);border-radius:.4rem;
background:var(--back);color:var(--text)}
button{width:auto;background:var(--link);color:var(--back);border-color:var(--link);padding:.45rem 1.6rem;
cursor:pointer}
.result{border-left:4px solid;padding:.1rem 0 .1rem .9rem;margin:1rem 0}
form>*{min-width:0}
@media(max-width:46rem){
thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
table,tbody,tr{display:block}
tr{padding:.5rem 0;border-bottom:1px solid var(--line)}
td{display:flex;flex-wrap:wrap;gap:0 .8rem;padding:.1rem 0;border:0}
td::before{content:attr(data-label);flex:0 0 5.4rem;color:var(--soft)}
td>div{flex:1 1 12rem;min-width:min-content}
td.empty{display:none}
dl{grid-template-columns:minmax(0,1fr);gap:0}
dd{margin-bottom:.5rem}
}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:;"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
}
_VOID = frozenset({"input", "meta", "link"})


class Markup(str):
    """HTML that is sent as it is; any other text is escaped when an element takes it."""

    __slots__ = ()


def joined(*children: str) -> Markup:
    """Concatenate pieces."""
    return Markup("".join(child if isinstance(child, Markup) else escape(visible(child)) for child in children))


def element(name: str, /, *children: str, **attributes: str | bool) -> Markup:
    """Return an element. A trailing `_` of an attribute's name is dropped; True makes an attribute without a value."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for key, value in attributes.items()
        if value is not False
    )
    return Markup(f"<{name}{written}>" + ("" if name in _VOID else f"{joined(*children)}</{name}>"))


def breakable(text: str) -> Markup:
    """Return a text with paths or URLs: its lines may break after their slashes."""
    pieces = re.split(r"(?<=[/_?&=])(?=\w)", text)
    return element("span", Markup("<wbr>".join(map(joined, pieces))), class_="long") if text else Markup("")


def link(address: str, text: str) -> Markup:
    """Return a link."""
    return element("a", text, href=address)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Markup:
    """Return a table; on a narrow screen each row is a list of its cells, each with its column's head."""
    head = element("tr", *(element("th", head_cell) for head_cell in heads))
    body = (
        element("tr", *(_cell(head_cell, cell) for head_cell, cell in zip(heads, row, strict=True))) for row in rows
    )
    return element("div", element("table", element("thead", head), element("tbody", *body)), class_="wide")


def _cell(head: str, text: str) -> Markup:
    return element("td", element("div", text), data_label=head, class_=False if text else "empty")


def definition_list(pairs: dict[str, str]) -> Markup:
    """Return a list of terms with their texts; terms with an empty text are left out."""
    return element("dl", *(joined(element("dt", name), element("dd", text)) for name, text in pairs.items() if text))


def page(title: str, navigation: Sequence[str], *body: str, status: int = 200, refresh_s: int = 0) -> HTMLResponse:
    """Return a whole page as the response; it reloads every `refresh_s` seconds, unless that is 0."""
    refresh = element("meta", http_equiv="refresh", content=str(refresh_s)) if refresh_s else ""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("title", f"{title} · studio"),
        element("meta", name="viewport", content="width=device-width,initial-scale=1"),
        element("meta", name="robots", content="noindex"),
        refresh,
        element("link", rel="icon", href="data:,"),  # else browsers request /favicon.ico
        element("style", Markup(_STYLE)),
    )
    content = element("body", element("nav", element("b", "Studio"), *navigation), element("h1", title), *body)
    html = joined(Markup("<!doctype html>"), element("html", head, content, lang="en"))
    return HTMLResponse(html, status_code=status, headers=HEADERS)
