r"""table.tex: the table as \input{table} takes it; the document needs \usepackage{booktabs}."""

from __future__ import annotations

from selftranslate.report import Result, table
from selftranslate.report.table import Entry, Line
from selftranslate.visible import visible

ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "†": r"$\dagger$",
    "−": "$-$",
}


def write(result: Result) -> str:
    """Return the table in the paper's form."""
    columns = "l" + "r" * len(result.languages)
    head = " & ".join(["", *(escape(found.language) for found in result.languages.values())])
    caption = escape(f"{result.task}: {result.metric}. {table.footnote(result)}")
    body = [_line(line) for line in table.lines(result)]
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs}.",
            "\\begin{table}",
            "\\centering",
            f"\\begin{{tabular}}{{{columns}}}",
            "\\toprule",
            f"{head} \\\\",
            "\\midrule",
            *body,
            "\\bottomrule",
            "\\end{tabular}",
            f"\\caption{{{caption}}}",
            f"\\label{{tab:{_label(result.task)}}}",
            "\\end{table}",
        ]
    )


def escape(text: str) -> str:
    r"""Return text that LaTeX prints as it is.

    >>> escape("D_src & 100 %")
    'D\\_src \\& 100 \\%'
    """
    plain = " ".join(visible(text).split())
    return "".join(ESCAPED.get(character, character) for character in plain)


def _line(line: Line) -> str:
    """Write a row; its name stands in braces, for one that begins with [ is an option of \\\\."""
    name = f"{{{escape(line.name)}}}"
    if line.printed:
        name = f"\\quad\\textit{name}"
    return " & ".join([name, *(_entry(entry) for entry in line.entries)]) + " \\\\"


def _entry(entry: Entry) -> str:
    mean = escape(entry.mean)
    mean = f"\\textbf{{{mean}}}" if entry.bold else mean
    marks = f"\\textsuperscript{{{escape(entry.marks)}}}" if entry.marks else ""
    spread = f" {{\\scriptsize {escape(entry.spread)}}}" if entry.spread else ""
    return mean + marks + spread


def _label(task: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "-" for c in task)
