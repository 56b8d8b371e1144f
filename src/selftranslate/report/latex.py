r"""table.tex: the table as \input{table} takes it; the document needs \usepackage{booktabs}.

With many languages it runs over pages, a row each, and needs \usepackage{longtable} too.
"""

from __future__ import annotations

from selftranslate.report import Result, by_language, groups, table
from selftranslate.report.by_language import Row
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
    """Return the table in the paper's form, or turned."""
    if groups.many(result):
        return _long(result)
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


def _long(result: Result) -> str:
    """Return a row per language, under its family."""
    found = by_language.rows(result)
    names = [*table.settings(result), *by_language.heads(result)]
    head = " & ".join(["", *map(escape, names)])
    caption = escape(f"{result.task}: {result.metric}. {by_language.footnote(result)}")
    body = []
    for group in groups.families(result):
        title = f"\\multicolumn{{{1 + len(names)}}}{{l}}{{\\textit{{{escape(group.name)}}}}}"
        body += ["\\addlinespace", f"{title} \\\\*"]
        body += [line for code in group.codes for line in _row(found[code])]
    return "\n".join(
        [
            "% Needs \\usepackage{booktabs,longtable}.",
            "\\begingroup\\small\\setlength{\\tabcolsep}{4pt}",
            f"\\begin{{longtable}}{{l{'r' * len(names)}}}",
            f"\\caption{{{caption}}}",
            f"\\label{{tab:{_label(result.task)}}} \\\\",
            "\\toprule",
            f"{head} \\\\",
            "\\midrule",
            "\\endfirsthead",
            "\\toprule",
            f"{head} \\\\",
            "\\midrule",
            "\\endhead",
            "\\bottomrule",
            "\\endfoot",
            *body,
            "\\end{longtable}",
            "\\endgroup",
        ]
    )


def _row(row: Row) -> list[str]:
    """Write a language's cells, and the paper's below them."""
    values = [escape(value.text) for value in row.values]
    cells = [f"{{{escape(row.found.language)}}}", *map(_entry, row.entries), *values]
    made = [" & ".join(cells) + " \\\\"]
    if row.printed:
        theirs = [f"\\quad\\textit{{{table.PRINTED}}}", *map(_entry, row.printed)]
        made.append(" & ".join([*theirs, *[""] * len(values)]) + " \\\\")
    return made


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
