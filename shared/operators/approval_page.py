"""The HTML pages of an approval link (pure).

The code is the link's fragment (behind the `#`), so no server log, proxy or link preview ever sees it. The link opens
the same page for everybody: a script of one line puts the code into a form, and only a button sends the form.
"""

import html

from shared.records.decision import DecisionRecord
from shared.records.run import Run
from shared.records.times import shown_time
from shared.visible_text import visible

# The page has one inline style and one inline script, both fixed: its content security policy allows inline code only.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

_STYLE = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:1rem 0}
td,th{text-align:left;padding:.2rem 1.5rem .2rem 0;font-variant-numeric:tabular-nums}
label{display:block;margin:.8rem 0}
input{font:inherit;width:100%;box-sizing:border-box;padding:.4rem}
button{font:inherit;padding:.5rem 1.5rem;margin-right:1rem}
.failed{color:#b00020}
.quote{border-left:4px solid #888;padding-left:1rem}
small{overflow-wrap:anywhere}
"""


def escape(text: str) -> str:
    """Return an untrusted text for a page: markup, control and direction characters have no effect."""
    return html.escape(visible(text))


def link_page() -> str:
    """Return the page that the link opens, for people and for link previews alike."""
    return _page(
        "<p>A new model waits for approval. This link works once, until it expires.</p>"
        '<form method="post"><label>Code of the link<input name="code" required autocomplete="off"></label>'
        '<button name="action" value="show">Show the decision</button></form>'
        "<script>document.forms[0].code.value=location.hash.slice(1)</script>"
    )


def decision_page(run: Run, code: str, decision: str, problem: str = "") -> str:
    """Return the page with a run's decision and the buttons to approve or reject it; `problem` stands above."""
    record = run.decision
    warning = f'<p class="failed">{escape(problem)}</p>' if problem else ""
    gates = "".join(
        f'<li class="{"passed" if gate.passed else "failed"}">{escape(gate.reason)}</li>'
        for gate in (record.gates if record is not None else ())
    )
    note = record.data.note if record is not None else ""
    return _page(
        f"<p>Run <b>{escape(run.run_id[:8])}</b> of route <b>{escape(run.route)}</b>, trained on"
        f" <b>{escape(run.blob)}</b> (landed {shown_time(run.landed_at)}).</p>"
        f'<p class="quote">{escape(run.reason)}</p>{warning}'
        f"<table><tr><th>metric<th>new model<th>in service</tr>{_metrics(record)}</table>"
        f"<ul>{gates}</ul><p>{escape(note)}</p>"
        # Enter presses the first button of a form, so the first one is disabled: a decision needs a click.
        f'<form method="post"><button disabled hidden></button><input type="hidden" name="code" value="{escape(code)}">'
        '<label>Your name<input name="by" required maxlength="100"></label>'
        '<label>Reason<input name="reason" required maxlength="500"></label>'
        '<button name="action" value="approve">Approve</button>'
        '<button name="action" value="reject">Reject</button></form>'
        f"<p><small>Decision {escape(decision)}</small></p>"
    )


def message_page(text: str) -> str:
    """Return a page with one sentence."""
    return _page(f'<p class="quote">{escape(text)}</p>')


def _metrics(record: DecisionRecord | None) -> str:
    challenger = record.challenger.metrics if record is not None else {}
    champion = record.champion.metrics if record is not None and record.champion is not None else {}
    return "".join(
        f"<tr><td>{escape(name)}<td>{_number(challenger.get(name))}<td>{_number(champion.get(name))}</tr>"
        for name in dict.fromkeys((*challenger, *champion))
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"  # noqa: RUF001 - the dash of tables


def _page(body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Landfall: approval</title>'
        '<meta name="viewport" content="width=device-width"><meta name="robots" content="noindex">'
        f"<style>{_STYLE}</style></head><body><h1>Landfall: approval</h1>{body}</body></html>"
    )
