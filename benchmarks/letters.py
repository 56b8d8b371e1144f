"""How many English letters one character of a language is worth, measured on parallel texts.

python benchmarks/letters.py --data DATA --declarations FOLDER [--json FILE]

DATA holds mgsm/mgsm_XX.tsv, xquad/xquad.XX.json and xnli/test-XX.tsv. FOLDER holds the Universal
Declaration of Human Rights as HTML, a file a language (eng.html), as T. Wormer's edition of
Unicode's collection has it: a header, and articles with `data-number`. Either may be left out.

What is measured of a pair of texts is the length of the English one by the other's. A language
file's `letters_per_character` is the median over the Declaration's 31 texts (preamble and
articles), to one digit behind the point; for the paper's languages it is the paper's (A.3).
"""

from __future__ import annotations

import argparse
import html
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

from selftranslate import languages

_FILES = """
af:afr am:amh ar:arb az:azj_latn be:bel bg:bul bn:ben bs:bos_latn ca:cat ceb:ceb cs:ces cy:cym
da:dan de:deu_1996 el:ell_monotonic eo:epo es:spa et:est eu:eus fa:pes_1 fi:fin fr:fra ga:gle
gd:gla gl:glg gu:guj ha:hau_NG he:heb hi:hin hr:hrv ht:hat_kreyol hu:hun hy:hye id:ind ig:ibo
is:isl it:ita ja:jpn jv:jav ka:kat kk:kaz km:khm kn:kan ko:kor ku:kmr ky:kir lb:ltz lo:lao
lt:lit lv:lav mg:plt mi:mri mk:mkd ml:mal mn:khk mr:mar mt:mlt my:mya nb:nob ne:nep nl:nld
ny:nya_chinyanja om:gax pa:pan pl:pol ps:pbu pt:por_BR ro:ron_2006 ru:rus rw:kin si:sin sk:slk
sl:slv sn:sna so:som sr:srp_cyrl st:sot su:sun sv:swe sw:swh ta:tam te:tel tg:tgk th:tha ti:tir
tk:tuk_latn tl:tgl tn:tsn tr:tur tt:tat ug:uig_arab uk:ukr ur:urd uz:uzn_latn vi:vie xh:xho
yo:yor zh:cmn_hans zh-TW:cmn_hant zu:zul
"""
DECLARATIONS = dict(pair.split(":") for pair in _FILES.split())
"""Which file holds a language as its script is in our file. None: as, ckb, ms, or, sd, sq."""

Texts = Mapping[str, str]
"""A language's texts by their place, the same in all languages."""


def declaration(folder: Path, code: str) -> Texts:
    """Read the preamble and the articles, without their headings."""
    name = "eng" if code == "en" else DECLARATIONS.get(code, "")
    path = folder / f"{name}.html"
    if not path.is_file():
        return {}
    page = path.read_text(encoding="utf-8")
    parts = re.findall(r'<article data-number="(\d+)">(.*?)</article>', page, re.S)
    parts += re.findall(r"<(header)>(.*?)</header>", page, re.S)
    texts = {place: _plain(re.sub(r"<h2>.*?</h2>", "", part, flags=re.S)) for place, part in parts}
    return {place: text for place, text in texts.items() if text}


def mgsm(folder: Path, code: str) -> Texts:
    """Read the questions."""
    return _cells(folder / f"mgsm/mgsm_{code}.tsv", 1)


def xnli(folder: Path, code: str) -> Texts:
    """Read premises and hypotheses."""
    return _cells(folder / f"xnli/test-{code}.tsv", 2)


def xquad(folder: Path, code: str) -> Texts:
    """Read the questions."""
    path = folder / f"xquad/xquad.{code}.json"
    if not path.is_file():
        return {}
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    asked = (qa for one in articles for p in one["paragraphs"] for qa in p["qas"])
    return {qa["id"]: qa["question"].strip() for qa in asked}


def measured(english: Texts, other: Texts) -> dict[str, float]:
    """Return how many texts there are in both, and letters per character, all and the median."""
    both = english.keys() & other.keys()
    pairs = [(len(english[place]), len(other[place])) for place in both]
    return {
        "texts": len(pairs),
        "all": sum(a for a, _ in pairs) / sum(b for _, b in pairs),
        "median": median(a / b for a, b in pairs),
    }


def found(
    data: Path | None, declarations: Path | None
) -> Iterator[tuple[str, str, dict[str, float]]]:
    """Yield language, source and figures."""
    sources = [(name, data) for name in ("mgsm", "xnli", "xquad") if data is not None]
    sources += [("declaration", declarations)] if declarations is not None else []
    for code in languages.codes():
        for name, folder in sources:
            if code != "en" and folder is not None and (other := READ[name](folder, code)):
                yield code, name, measured(READ[name](folder, "en"), other)


READ = {"mgsm": mgsm, "xnli": xnli, "xquad": xquad, "declaration": declaration}


def main() -> None:
    """Print a table, with what the language's file says beside."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--declarations", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows = []
    print("| language | source | texts | letters per character, all | median | in its file |")
    print("|---|---|---|---|---|---|")
    for code, source, figures in found(options.data, options.declarations):
        said = languages.get(code).letters_per_character
        rows.append({"language": code, "source": source, **figures, "file": said})
        shown = f"{figures['texts']:,} | {figures['all']:.2f} | {figures['median']:.2f}"
        print(f"| {code} | {source} | {shown} | {said:g} |")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _cells(path: Path, columns: int) -> Texts:
    if not path.is_file():
        return {}
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    cells = (line.split("\t")[:columns] for line in lines)
    return {f"{row}.{at}": text for row, line in enumerate(cells) for at, text in enumerate(line)}


def _plain(part: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", part)).split())


if __name__ == "__main__":
    main()
