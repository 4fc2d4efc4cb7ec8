"""A user's own terms: names that count from the moment they are written down, without training.

One term a line of a table `entity type, name, other names, class, targets, date added`, tabs between, lists joined by
`|`. It lies where ONCOGLOSS_TERMS says, else in the user's data folder.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from itertools import chain
from pathlib import Path
from typing import NamedTuple, get_args

from oncogloss.concepts.drugs import class_of
from oncogloss.concepts.names import SHORT, keys
from oncogloss.concepts.vocabulary import Entry, Vocabulary, name_hash
from oncogloss.errors import InputError, shown
from oncogloss.schema import EntityType

LOCAL = "local"  # the vocabulary of their concepts
LONGEST = 80  # characters of a name
_HEADER = (
    "# Terms of our own: entity type, name, other names, class, targets, date added. Written by oncogloss add-term."
)
_COLUMNS = ("type", "name", "others", "class", "targets")
_HEADINGS = {
    "entity type": "type", "generic name": "name", "other": "others", "other name": "others", "other names": "others",
    "synonym": "others", "synonyms": "others", "alias": "others", "aliases": "others", "drug class": "class",
    "target": "targets",
}  # fmt: skip
_WORDS = frozenset((
    "all", "an", "and", "any", "are", "as", "at", "be", "but", "by", "each", "for", "from", "had", "has", "have", "if",
    "in", "is", "it", "must", "no", "not", "of", "on", "one", "or", "other", "per", "prior", "study", "than", "that",
    "the", "this", "to", "was", "were", "who", "will", "with",
))  # fmt: skip
_SHOWN = 10  # wrong rows that one message names


class Term(NamedTuple):
    """A thing by its name and its other names (codes, brands), and what it is and aims at where it is a drug."""

    type: EntityType
    name: str
    others: tuple[str, ...] = ()
    drug_class: str = ""
    targets: tuple[str, ...] = ()
    added: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """All its names."""
        return (self.name, *self.others)

    @property
    def line(self) -> str:
        """The term as a line of the table."""
        lists = ("|".join(self.others), self.drug_class, "|".join(self.targets))
        return "\t".join((self.type, self.name, *lists, self.added)) + "\n"

    @property
    def told(self) -> str:
        """What there is of it beside type and name, for a reader."""
        parts = (("other names", self.others), ("class", (self.drug_class,)), ("targets", self.targets))
        return "; ".join(f"{label} {', '.join(said)}" for label, said in parts if any(said))

    def with_more(self, more: Term) -> Term:
        """The term with what another of the same type and name says: its spelling and class, if it has one, in the
        place of the own; its other names and targets beside those there are."""
        names = {_hash(self.type, self.name): self.name}
        for name in (*self.others, *more.others):
            names.setdefault(_hash(self.type, name), name)
        others = tuple(names.values())[1:]
        targets = tuple(dict.fromkeys((*self.targets, *more.targets)))
        return self._replace(
            name=more.name, others=others, drug_class=more.drug_class or self.drug_class, targets=targets
        )


def read_terms(path: Path) -> list[Term]:
    """The terms of a table. Raises InputError where there is none, or naming a line that is no term."""
    return _terms(_lines(path), path)


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InputError(
            f"{shown(str(path))}: no such table of terms; check the path, or begin it with oncogloss add-drug."
        ) from None
    except UnicodeDecodeError as error:
        raise InputError(f"{shown(str(path))}: no table of terms ({error.reason}); give one in UTF-8.") from None


def _is_note(line: str) -> bool:
    return not line or line.startswith("#")


def _terms(lines: Iterable[str], path: Path) -> list[Term]:
    terms = []
    for number, line in enumerate(lines, 1):
        cells = line.split("\t")
        if _is_note(line):
            continue
        where = f"{shown(str(path))}, line {number}"
        if len(cells) != 6:
            raise InputError(f"{where}: {len(cells)} columns; a table of terms has six with tabs between.")
        terms.append(_term(cells, where))
    _without_clash(terms, shown(str(path)))
    return terms


def read_csv(path: Path) -> list[Term]:
    """Terms of a CSV file, commas, semicolons or tabs between, in UTF-8, UTF-16 or Windows-1252, with a header of
    `type`, `name` and, as you like, `others`, `class` and `targets` (lists joined by `|`) or words that mean these.

    Raises InputError naming what is wrong, in all its rows.
    """
    place, text = shown(str(path)), _decoded(path)
    try:
        table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
        header = [_column(cell) for cell in next(table, ())]
        if not {"type", "name"} <= set(header) <= set(_COLUMNS) or len(set(header)) < len(header):
            raise InputError(
                f"{place}: its first line must name the columns: type and name, and as you like others, class and "
                "targets; no other, and none twice."
            )
        rows = [(table.line_num, row) for row in table if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise InputError(f"{place}: no CSV file ({error}); save it as one.") from None
    terms, wrong = [], []
    for number, row in rows:
        try:
            if len(row) != len(header):
                raise InputError(f"line {number}: not as many cells as the first line has.")
            cells = dict(zip(header, row, strict=True))
            terms.append(_term([cells.get(column, "").strip() for column in _COLUMNS] + [""], f"line {number}"))
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        more = f" And {len(wrong) - _SHOWN} lines more." if len(wrong) > _SHOWN else ""
        raise InputError(f"{place}, {' '.join(wrong[:_SHOWN])}{more}")
    return terms


def _decoded(path: Path) -> str:
    """The text of a file as spreadsheets write it. Raises InputError where it is none."""
    data = path.read_bytes()
    utf16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if utf16 else ("utf-8-sig", "cp1252"):
        with suppress(UnicodeDecodeError):
            if "\0" not in (text := data.decode(encoding)):
                return text
    raise InputError(f"{shown(str(path))}: no text (a workbook is none); save it as CSV, in UTF-8.")


def _delimiter(text: str) -> str:
    """The sign that stands oftenest in the first line, of those that part cells."""
    return max(",;\t", key=text.partition("\n")[0].count)


def _column(heading: str) -> str:
    """The column that a heading means."""
    plain = " ".join(heading.casefold().replace("_", " ").split())
    return _HEADINGS.get(plain, plain)


def read_given(path: Path) -> list[Term]:
    """Terms of a CSV file, or of a table as this house writes it. Raises InputError naming what is wrong."""
    first = _decoded(path).partition("\n")[0]
    own = first.startswith("#") or ("\t" in first and "name" not in map(_column, first.split("\t")))
    return read_terms(path) if own else read_csv(path)


def _term(cells: Sequence[str], where: str) -> Term:
    """The term of the six cells of a line. Raises InputError that says where and what is wrong with them."""
    type_, name, others, drug_class, targets, added = cells
    kinds = {kind: kind for kind in get_args(EntityType)}
    kind = kinds.get("_".join(type_.upper().replace("-", " ").replace("_", " ").split()))
    if kind is None:
        raise InputError(f"{where}: no entity type '{shown(type_[:40])}'; there are {', '.join(kinds)}.")
    lists = [tuple(part.strip() for part in cell.split("|") if part.strip()) for cell in (others, targets)]
    for said in (name, *lists[0], drug_class, *lists[1]):
        if not said.isprintable() or len(said) > LONGEST:
            raise InputError(f"{where}: a name may have {LONGEST} characters, and none that is not printed.")
    for said in (name, *lists[0]):
        if len(said) < 2 or not keys(said):
            raise InputError(f"{where}: '{shown(said)}' is no name; one has two characters or more and a letter.")
    return Term(kind, name, lists[0], drug_class, lists[1], added)


def make_term(
    type_: str, name: str, others: Iterable[str] = (), drug_class: str = "", targets: Iterable[str] = ()
) -> Term:
    """A term as a user gives it. Raises InputError where it is none."""
    lists = [list(part) for part in (others, targets)]
    where = f"The term '{shown(name[:40])}'"
    if any("|" in said for said in (name, *lists[0], *lists[1])):
        raise InputError(f"{where}: '|' stands between names in the table; give each name by itself.")
    others_said, targets_said = ("|".join(part) for part in lists)
    return _term((type_, name.strip(), others_said, drug_class.strip(), targets_said, ""), where)


def _without_clash(terms: Iterable[Term], where: str) -> None:
    """Raise InputError where two terms of one type have a name in common."""
    owners: dict[int, Term] = {}
    for term in terms:
        for name in term.names:
            other = owners.setdefault(_hash(term.type, name), term)
            if other is not term:
                raise InputError(
                    f"{where}: '{shown(name)}' is a name of both '{shown(other.name)}' and '{shown(term.name)}'; "
                    "remove one of them, or take the name from it."
                )


def _hash(type_: str, name: str) -> int:
    return name_hash(type_, keys(name)[0])


def add_terms(path: Path, new: Iterable[Term]) -> tuple[list[Term], int]:
    """Write terms into a table; what is said of one that is there, by type and name, is added to it. Returns (the terms
    as they now are, how many of them were there).

    Raises InputError where two terms would have a name in common; the table is then as it was.
    """
    today = date.today().isoformat()
    with _rewritten(path) as terms:
        held = {_hash(term.type, term.name): term for term in terms}
        before, said = set(held), []
        for term in new:
            key = _hash(term.type, term.name)
            held[key] = held[key].with_more(term) if key in held else term._replace(added=today)
            said.append(key)
        terms[:] = held.values()
    return [held[key] for key in dict.fromkeys(said)], len(before & set(said))


def in_symbols(term: Term, vocabulary: Vocabulary) -> tuple[Term, list[str]]:
    """(the term with the symbols of genes for its targets, given by whatever name; a sentence on each that changed)."""
    symbols = {target: _symbols(target, vocabulary) for target in term.targets}
    changed = [
        f"The target '{shown(target)}' of '{shown(term.name)}' is {', '.join(said)} by its symbol."
        for target, said in symbols.items()
        if said != (target,)
    ]
    return term._replace(targets=_apart(symbols.values())), changed


def _symbols(target: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """The symbols of a gene, or of the genes of a family, by any of its names; one that is not known stays itself."""
    found = vocabulary.find("GENE", target)
    return (found[0].members or (found[0].name,)) if found else (target,)


def _apart(lists: Iterable[Iterable[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(lists)))


def doubts(terms: Iterable[Term], vocabulary: Vocabulary, known: Iterable[Term]) -> list[str]:
    """Sentences on targets that are no gene of the vocabulary, and on classes that no other drug has, neither in it nor
    among the `known` terms."""
    given, mine = list(terms), list(known)
    found = [
        f"The vocabulary holds no gene '{shown(target)}', the target of '{shown(term.name)}'."
        for term in given
        for target in term.targets
        if not vocabulary.find("GENE", target)
    ]
    classed = [term for term in given if term.drug_class]
    classes = {entry.drug_class.casefold() for entry in vocabulary.entries()} if classed else set()
    for term in classed:
        own = _hash(term.type, term.name)
        others = {t.drug_class.casefold() for t in mine if _hash(t.type, t.name) != own}
        if term.drug_class.casefold() not in classes | others and not vocabulary.find("DRUG_CLASS", term.drug_class):
            found.append(f"No other drug has the class '{shown(term.drug_class)}', that of '{shown(term.name)}'.")
    return found


def known_names(terms: Iterable[Term], vocabulary: Vocabulary) -> list[str]:
    """Sentences on names that are words of any text, and on those that the vocabulary has already: as another type's
    or another concept's, or with another class or target."""
    found = []
    for term in terms:
        own = vocabulary.find(term.type, term.name)
        for name in term.names:
            if name.casefold() in _WORDS:
                found.append(f"'{shown(name)}' is a word of any text, which would often be taken for a {term.type}.")
            for kind in get_args(EntityType):
                hit = vocabulary.find(kind, name)
                if hit and hit[1] == 0 and (kind != term.type or own is None or hit[0].id != own[0].id):
                    found.append(f"'{shown(name)}' is a name of the {kind} {hit[0].name}.")
        if own and own[1] == 0:
            found += _altered(term, own[0])
    return found


def _altered(term: Term, entry: Entry) -> Iterator[str]:
    """Sentences on what a term says otherwise than the vocabulary does of the same concept."""
    said = (("class", (term.drug_class,), (entry.drug_class,)), ("targets", term.targets, entry.targets))
    for label, mine, theirs in said:
        if any(mine) and any(theirs) and {m.casefold() for m in mine} != {t.casefold() for t in theirs}:
            yield f"The vocabulary gives '{shown(term.name)}' the {label} {', '.join(theirs)}, not {', '.join(mine)}."


def remove_terms(path: Path, names: Iterable[str], type_: str | None = None) -> list[Term]:
    """Take the terms of these names, of one type or of any, out of a table, and of others the names that they have
    besides their own; returns all these terms, those that stay as they now are.

    Raises InputError where a name is none of its terms'; the table is then as it was.
    """
    gone: dict[int, Term] = {}
    with _rewritten(path) as terms:
        held = {_hash(term.type, term.name): term for term in terms}
        for name in names:
            found = [key for key, t in held.items() if type_ in (None, t.type) and name in t.names]
            if not found:
                raise InputError(f"{shown(str(path))}: no term '{shown(name)}'; see oncogloss terms list.")
            for key in found:
                term = held[key]
                if name == term.name:
                    gone[key] = held.pop(key)
                else:
                    held[key] = gone[key] = term._replace(others=tuple(o for o in term.others if o != name))
        terms[:] = held.values()
    return list(gone.values())


@contextmanager
def _rewritten(path: Path) -> Iterator[list[Term]]:
    """The terms of a table, written back in one step when the block ends well; one writer at a time. A user's own notes
    in it stay, and so do its mode and a link to it."""
    real = Path(os.path.realpath(path))
    real.parent.mkdir(parents=True, exist_ok=True)
    fresh = real.with_name(real.name + ".new")
    try:
        stream = fresh.open("x", encoding="utf-8", newline="\n")
    except FileExistsError:
        raise InputError(
            f"{shown(str(fresh))} is there: another oncogloss writes the table; wait, or remove it."
        ) from None
    try:
        with stream:
            lines: list[str] = []
            if path.exists():
                shutil.copymode(path, fresh)
                lines = _lines(path)
            before = _terms(lines, path)
            terms = list(before)
            yield terms
            _without_clash(terms, shown(str(path)))
            stream.writelines(_changed(lines, before, terms))
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(fresh, real)
    finally:
        fresh.unlink(missing_ok=True)


def _changed(lines: Sequence[str], before: Iterable[Term], terms: Iterable[Term]) -> Iterator[str]:
    """The lines of a table whose terms were `before`, with those there are now: notes and terms each in its place, what
    is new at the end."""
    left, old = {_hash(term.type, term.name): term.line for term in terms}, iter(before)
    if not lines or not lines[0].startswith("#"):
        yield _HEADER + "\n"
    for line in lines:
        if _is_note(line):
            yield line + "\n"
        else:
            term = next(old)
            yield left.pop(_hash(term.type, term.name), "")
    yield from left.values()


def with_terms(vocabulary: Vocabulary, terms: Sequence[Term]) -> Vocabulary:
    """The vocabulary with a user's terms, whose names are theirs whatever it says of them; one that it knows by one of
    its names joins that concept."""
    entries: dict[int, Entry] = {}
    for term in terms:
        entry = _entry(term, vocabulary)
        entries |= {_hash(term.type, name): entry for name in term.names}
        entries[name_hash("ID", entry.id)] = entry
    return vocabulary.extended(entries, {name for term in terms for name in term.names})


def _entry(term: Term, vocabulary: Vocabulary) -> Entry:
    """The concept of a term: the vocabulary's, where one of the longer of its names is its name."""
    found = (vocabulary.find(term.type, name) for name in term.names if len(name) > SHORT)
    known = next((hit[0] for hit in found if hit and hit[1] == 0), None)
    entry = known or Entry(f"LOCAL:{term.name.replace(' ', '_')}", term.name, LOCAL)
    told = next((said for name in term.names if (said := class_of(name))), None) if term.type == "DRUG" else None
    targets = _apart(_symbols(target, vocabulary) for target in term.targets)
    return entry._replace(
        drug_class=term.drug_class or entry.drug_class or (told.name if told else ""),
        targets=targets or entry.targets or (told.targets if told else ()),
    )
