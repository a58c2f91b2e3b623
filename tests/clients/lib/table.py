"""Results as a table in Markdown, with the reasons as footnotes."""

from letter import CONTENT, TRANSPORTS

MECHANISMS = ("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "XOAUTH2", "OAUTHBEARER")
# A result's status and its mark.
MARKS = {"green": "✓", "red": "✗", "cannot": "–", "not offered": "·"}
LEGEND = ("Each cell: clear, STARTTLS, implicit TLS; one mark stands for all three. ✓ as sent; ✗ red; "
          "– the client cannot, as the note says; · the relay does not offer it.")


def table(results):
    """results: dicts of client, version, note, case, transport, status, reason."""
    rows, notes = {}, _Notes()
    for result in results:
        client = f"{result['client']} {result['version']} {notes.mark(result['note'])}".rstrip()
        cell = rows.setdefault(client, {}).setdefault(result["case"], {})
        why = notes.mark(result["reason"]) if result["status"] == "cannot" else ""
        cell[result["transport"]] = MARKS[result["status"]] + why
    heads = ["client", *CONTENT.values(), *(f"AUTH {name}" for name in MECHANISMS)]
    lines = ["| " + " | ".join(heads) + " |", "| --- " * len(heads) + "|"]
    for client, row in rows.items():
        cells = [_cell([row[case][one] for one in TRANSPORTS]) for case in (*CONTENT, *MECHANISMS)]
        lines.append("| " + " | ".join([client, *cells]) + " |")
    return "\n".join(["", LEGEND, "", *lines, "", *notes.lines(), ""])


class _Notes:
    """Numbered in the order of their first mention."""

    def __init__(self):
        self._texts = []

    def mark(self, text):
        if not text:
            return ""
        if text not in self._texts:
            self._texts.append(text)
        return f"[{self._texts.index(text) + 1}]"

    def lines(self):
        return [f"{number}. {text}" for number, text in enumerate(self._texts, 1)]


def _cell(marks):
    return marks[0] if len(set(marks)) == 1 else " ".join(marks)
