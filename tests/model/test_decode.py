"""Decoding of hand-made scores: each rule of spans, attributes, relations, sections and criteria, by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncogloss.model.decode import Decoded, Known, WindowScores, decode, sigmoid
from oncogloss.model.edges import is_bare
from oncogloss.model.layout import (
    BLOCK,
    BOUNDARY_SLICES,
    BOUNDARY_WIDTH,
    MAX_DEPTH,
    MAX_SPAN,
    REACH,
    NameKind,
    Thresholds,
    span_cell,
)
from oncogloss.model.signatures import allowed_pairs, may_hold
from oncogloss.model.windows import Window, cut_windows
from oncogloss.schema import (
    ATTRIBUTES,
    CATEGORIES,
    ENTITY_TYPES,
    RELATION_TYPES,
    SECTION_LABELS,
    EntityType,
    Mention,
    Passage,
)
from toys import words_stream

Place = tuple[str, int]  # (substring, passage index); its first occurrence
WIDTH = 12  # relations a scene may hold


@dataclass
class Scene:
    """Passages with the scores that a network would have given, set one by one."""

    texts: list[tuple[str, str]]
    size: int = 400
    overlap: int = 100
    spans: list[tuple[str, str, float, int]] = field(default_factory=list)
    edits: list[Callable[[Window, WindowScores], None]] = field(default_factory=list)
    relations: int = 0

    def __post_init__(self) -> None:
        self.stream = words_stream(self.texts)
        self.windows = cut_windows(self.stream, self.size, self.overlap)

    def tokens(self, part: str, passage: int = 0) -> tuple[int, int]:
        """First and last stream token of a substring that begins and ends with tokens."""
        at = self.texts[passage][1].index(part)
        rows = np.flatnonzero((self.stream.passage == passage) & (self.stream.end > 0))
        first = rows[self.stream.start[rows] == at]
        last = rows[self.stream.end[rows] == at + len(part)]
        return int(first[0]), int(last[0])

    def in_windows(self, edit: Callable[[Window, WindowScores], None]) -> None:
        self.edits.append(edit)

    def span(
        self, type_: str, part: str, logit: float = 3.0, passage: int = 0, only: int | None = None, **attributes: float
    ) -> None:
        """Score a span in each window that holds it, or only in window `only`."""
        a, b = self.tokens(part, passage)

        def edit(window: Window, scores: WindowScores) -> None:
            shift = window.lead - window.first
            here = only is None or self.windows[only] is window
            if here and window.first <= a and b < window.last and b - a < REACH - BLOCK:
                scores.spans[(ENTITY_TYPES.index(type_), *span_cell(a + shift, b + shift))] = logit
                for name, value in attributes.items():
                    scores.attributes[a + shift : b + shift + 1, ATTRIBUTES.index(name)] = value

        self.edits.append(edit)

    def relation(
        self, type_: str, head: str, tail: str, logit: float = 4.0, only: int | None = None, tail_passage: int = 0
    ) -> None:
        """Score a relation between two substrings, by the inner product of their start tokens' vectors."""
        a, b = self.tokens(head)[0], self.tokens(tail, tail_passage)[0]
        column, kind = self.relations, RELATION_TYPES.index(type_)
        self.relations += 1

        def edit(window: Window, scores: WindowScores) -> None:
            shift = window.lead - window.first
            here = only is None or self.windows[only] is window
            if here and window.first <= min(a, b) and max(a, b) < window.last:
                scores.relations[a + shift, 0, kind, column] = 1
                scores.relations[b + shift, 2, kind, column] = logit

        self.edits.append(edit)

    def boundary(self, name: str, part: str, value: float = 4.0, passage: int = 0, column: int = 0) -> None:
        """Score what begins at the first token of a substring."""
        a = self.tokens(part, passage)[0]

        def edit(window: Window, scores: WindowScores) -> None:
            if window.first <= a < window.last:
                scores.boundaries[a + window.lead - window.first, BOUNDARY_SLICES[name].start + column] = value

        self.edits.append(edit)

    def section(self, label: str, part: str, passage: int = 0) -> None:
        """Score a section label on all tokens of a substring."""
        a, b = self.tokens(part, passage)

        def edit(window: Window, scores: WindowScores) -> None:
            rows = [t + window.lead - window.first for t in range(max(a, window.first), min(b + 1, window.last))]
            scores.boundaries[rows, BOUNDARY_SLICES["section"].start + SECTION_LABELS.index(label)] = 2.0

        self.edits.append(edit)

    def scores(self, window: Window) -> WindowScores:
        n = len(window.ids)
        scores = WindowScores(
            np.where(np.arange(BOUNDARY_WIDTH) < BOUNDARY_SLICES["evidence"].start, -4, np.zeros((n, 1), np.float32)),
            np.full((len(ENTITY_TYPES), -(-n // BLOCK), BLOCK, REACH), -4, np.float32),
            np.full((n, len(ATTRIBUTES)), -4, np.float32),
            np.zeros((n, 4, len(RELATION_TYPES), WIDTH), np.float32),
            np.ones((n, 8), np.float32),
        )
        for edit in self.edits:
            edit(window, scores)
        return scores

    def decode(self) -> Decoded:
        passages = [Passage(name=name, text=text) for name, text in self.texts]
        return decode(passages, self.stream, ((w, self.scores(w)) for w in self.windows))


def scene(text: str, name: str = "text", **sizes: int) -> Scene:
    return Scene([(name, text)], **sizes)


def found(decoded: Decoded) -> list[tuple[str, str]]:
    return [(m.type, m.text) for m in decoded.mentions]


def related(decoded: Decoded) -> list[tuple[str, str, str]]:
    text = {m.id: m.text for m in decoded.mentions}
    return [(r.type, text[r.head], text[r.tail]) for r in decoded.relations]


# spans


def test_an_own_label_stands_once_on_a_span_whether_blanks_are_in_its_tokens_or_not() -> None:
    s = scene("clinic x")
    s.texts = [("text", "clinic  ")]  # the second token is a blank
    own = np.full((1, 3, 3), -4, np.float32)
    own[0, 1, 1:] = 3.0, 2.0
    scores = s.scores(s.windows[0])._replace(own=own)
    (found,) = decode([Passage(name="text", text="clinic  ")], s.stream, [(s.windows[0], scores)]).own
    assert (found.start, found.end, found.score) == (0, 6, sigmoid(3.0))


def test_a_span_has_its_exact_characters_and_score() -> None:
    s = scene("Adults  with moon\nsarcoma, stage IV.")
    s.span("CANCER", "moon\nsarcoma", 2.0)
    (mention,) = s.decode().mentions
    assert mention == Mention(
        id="m1", passage="text", start=13, end=25, text="moon\nsarcoma", type="CANCER", score=0.8808
    )


def test_nothing_scored_nothing_found() -> None:
    decoded = scene("Moon sarcoma.").decode()
    assert (decoded.mentions, decoded.relations, decoded.criteria) == ((), (), ())


def test_a_gene_inside_a_marker_is_kept() -> None:
    s = scene("with MOON1 mutation")
    s.span("BIOMARKER", "MOON1 mutation", 2.0)
    s.span("GENE", "MOON1", 5.0)
    assert found(s.decode()) == [("BIOMARKER", "MOON1 mutation"), ("GENE", "MOON1")]


def test_a_crossing_span_of_lower_score_is_dropped() -> None:
    s = scene("advanced moon sarcoma cells")
    s.span("CANCER", "moon sarcoma", 3.0)
    s.span("GENE", "sarcoma cells", 2.9)
    assert found(s.decode()) == [("CANCER", "moon sarcoma")]


@pytest.mark.parametrize("inner", ["CANCER", "DRUG"])
def test_other_nested_spans_are_dropped(inner: str) -> None:
    s = scene("advanced moon sarcoma")
    s.span("CANCER", "moon sarcoma", 3.0)
    s.span(inner, "sarcoma", 2.0)
    assert found(s.decode()) == [("CANCER", "moon sarcoma")]


def test_the_better_of_two_types_on_one_span_wins() -> None:
    s = scene("on lunamab")
    s.span("DRUG", "lunamab", 1.0)
    s.span("REGIMEN", "lunamab", 1.5)
    assert found(s.decode()) == [("REGIMEN", "lunamab")]


def test_sign_of_a_marker_is_no_part_of_its_gene() -> None:
    s = scene("for HER2+ tumors")
    s.span("BIOMARKER", "HER2+", 3.0)
    s.span("GENE", "HER2+", 2.0)
    assert {(m.type, m.text, m.start, m.end) for m in s.decode().mentions} == {
        ("BIOMARKER", "HER2+", 4, 9),
        ("GENE", "HER2", 4, 8),
    }


def test_spans_do_not_leave_their_passage_nor_hold_its_name() -> None:
    s = Scene([("brief_title", "moon sarcoma"), ("summary", "A study.")])

    def edit(window: Window, scores: WindowScores) -> None:
        scores.spans[(0, *span_cell(1, 5))] = 5.0  # moon … study, over the name's token
        scores.spans[(0, *span_cell(0, 1))] = 5.0  # name … moon
        scores.spans[(1, *span_cell(3, 3))] = 5.0  # the name's token

    s.in_windows(edit)
    assert s.decode().mentions == ()


def test_a_lead_token_belongs_to_no_span() -> None:
    s = scene(" ".join(f"w{i}" for i in range(40)), size=24, overlap=12)
    assert s.windows[1].lead == 1

    def edit(window: Window, scores: WindowScores) -> None:
        if window.lead:
            scores.spans[(0, *span_cell(0, 3))] = 5.0

    s.in_windows(edit)
    assert s.decode().mentions == ()


def test_a_span_longer_than_the_longest_is_not_looked_for() -> None:
    words = [f"w{i}" for i in range(MAX_SPAN + 1)]
    for n, expected in ((MAX_SPAN, 1), (MAX_SPAN + 1, 0)):
        s = scene(" ".join(words))
        s.span("CANCER", " ".join(words[:n]))
        assert len(s.decode().mentions) == expected


def test_every_place_of_a_span_has_its_own_cell() -> None:
    pairs = [(a, b) for a in range(3 * BLOCK) for b in range(a, a + MAX_SPAN)]
    cells = {span_cell(a, b) for a, b in pairs}
    assert len(cells) == len(pairs)
    assert {block for block, _, _ in cells} == {0, 1, 2}
    assert all(0 <= start < BLOCK and start <= end < REACH for _, start, end in cells)


@pytest.mark.parametrize("place", range(BLOCK - 3, BLOCK + 3))
def test_a_span_is_found_at_each_edge_of_a_block(place: int) -> None:
    words = [f"w{i}" for i in range(2 * BLOCK)]
    s = scene(" ".join(words))
    s.span("DRUG", f"w{place} w{place + 1}")
    assert [m.text for m in s.decode().mentions] == [f"w{place} w{place + 1}"]


def test_scores_beyond_the_window_are_nothing() -> None:
    s = scene("one two three")

    def edit(window: Window, scores: WindowScores) -> None:
        scores.spans[0, 0, 1, 4:] = 5.0
        scores.spans[0, 0, 4:, :] = 5.0
        scores.spans[0, 0, 3, 2] = 5.0  # ends before it starts

    s.in_windows(edit)
    assert s.decode().mentions == ()


def test_a_span_is_decided_by_the_window_that_owns_its_start() -> None:
    s = scene(" ".join(f"w{i}" for i in range(40)), size=24, overlap=12)
    first, second = s.windows[:2]
    assert (first.own_last, second.first) == (17, 11)
    for only, expected in ((0, ["w12"]), (1, [])):  # w12 is token 13: both see it, the first owns it
        s.edits.clear()
        s.span("DRUG", "w12", only=only)
        assert [m.text for m in s.decode().mentions] == expected


def test_ids_follow_the_text_outer_spans_first() -> None:
    s = scene("MOON1 mutation in moon sarcoma on lunamab")
    s.span("DRUG", "lunamab")
    s.span("GENE", "MOON1")
    s.span("CANCER", "moon sarcoma")
    s.span("BIOMARKER", "MOON1 mutation")
    mentions = s.decode().mentions
    assert [m.id for m in mentions] == ["m1", "m2", "m3", "m4"]
    assert [m.type for m in mentions] == ["BIOMARKER", "GENE", "CANCER", "DRUG"]


def test_attributes_are_the_mean_over_the_span() -> None:
    s = scene("no brain metastases")
    s.span("CANCER", "brain metastases", neg=2.0, hist=-1.0)

    def edit(window: Window, scores: WindowScores) -> None:
        brain = s.tokens("brain")[0]
        scores.attributes[brain, ATTRIBUTES.index("exc")] = 5.0  # the other token has −4: mean above 0
        scores.attributes[brain, ATTRIBUTES.index("hist")] = 0.9  # the other token has −1: mean below 0

    s.in_windows(edit)
    (mention,) = s.decode().mentions
    assert mention.attributes == ("neg", "exc")


# relations


def test_a_relation_of_allowed_types() -> None:
    s = scene("lunamab for moon sarcoma")
    s.span("DRUG", "lunamab")
    s.span("CANCER", "moon sarcoma")
    s.relation("TREATS", "lunamab", "moon sarcoma", 2.0)
    decoded = s.decode()
    assert related(decoded) == [("TREATS", "lunamab", "moon sarcoma")]
    assert decoded.relations[0].score == 0.8808


@pytest.mark.parametrize(
    ("relation", "head", "tail"),
    [
        ("TREATS", "moon", "lunamab"),  # a cancer treats no drug
        ("TARGETS", "lunamab", "moon"),
        ("ABBREV_OF", "moon", "lunamab"),  # an abbreviation has the type of its long form
        ("COMBINED_WITH", "lunamab", "lunamab"),  # nothing is joined with itself
    ],
)
def test_a_relation_that_the_types_forbid(relation: str, head: str, tail: str) -> None:
    s = scene("lunamab moon")
    s.span("DRUG", "lunamab")
    s.span("CANCER", "moon")
    s.relation(relation, head, tail)
    assert s.decode().relations == ()


def test_a_relation_needs_both_its_spans() -> None:
    s = scene("lunamab for moon sarcoma")
    s.span("DRUG", "lunamab")
    s.relation("TREATS", "lunamab", "moon sarcoma")
    assert s.decode().relations == ()


def test_a_relation_stays_within_a_passage() -> None:
    s = Scene([("brief_title", "lunamab"), ("summary", "moon sarcoma")])
    s.span("DRUG", "lunamab")
    s.span("CANCER", "moon sarcoma", passage=1)
    s.relation("TREATS", "lunamab", "moon sarcoma", tail_passage=1)
    assert len(s.decode().mentions) == 2
    assert s.decode().relations == ()


def two_windows(first: float, second: float) -> Decoded:
    """A pair that two windows see: tokens 12 and 14, with more room in the first window (8) than in the second (2)."""
    s = scene(" ".join(f"w{i}" for i in range(40)), size=24, overlap=12)
    assert [(w.first, w.last) for w in s.windows[:2]] == [(0, 23), (11, 34)]
    s.span("DRUG", "w11")
    s.span("CANCER", "w13")
    s.relation("TREATS", "w11", "w13", first, only=0)
    s.relation("TREATS", "w11", "w13", second, only=1)
    return s.decode()


def test_a_pair_seen_by_two_windows_is_one_relation() -> None:
    decoded = two_windows(2.0, 5.0)
    assert related(decoded) == [("TREATS", "w11", "w13")]
    assert decoded.relations[0].score == 0.8808  # what the first window says


def test_a_pair_is_decided_where_it_lies_most_inside() -> None:
    assert related(two_windows(4.0, -1.0)) == [("TREATS", "w11", "w13")]
    assert related(two_windows(-1.0, 4.0)) == []


def test_table_of_allowed_pairs() -> None:
    allowed = allowed_pairs()
    assert allowed.shape == (len(RELATION_TYPES), len(ENTITY_TYPES), len(ENTITY_TYPES))

    def may(relation: str, head: str, tail: str) -> bool:
        return bool(allowed[RELATION_TYPES.index(relation), ENTITY_TYPES.index(head), ENTITY_TYPES.index(tail)])

    assert may("HAS_GENE", "BIOMARKER", "GENE") and not may("HAS_GENE", "GENE", "BIOMARKER")
    assert may("DOSING", "REGIMEN", "SCHEDULE") and not may("DOSING", "GENE", "DOSE")
    assert may("HAS_VALUE", "OUTCOME", "VALUE") and not may("HAS_VALUE", "VALUE", "OUTCOME")
    assert allowed[RELATION_TYPES.index("ABBREV_OF")].sum() == len(ENTITY_TYPES)
    assert may_hold("BIOMARKER", "GENE") and not may_hold("GENE", "BIOMARKER") and not may_hold("GENE", "GENE")


# sentences, sections, criteria

ELIGIBILITY = "Inclusion:\n* Moon sarcoma\n  * stage IV\n* Age 18\nExclusion:\n* Pregnant women\n"


def eligibility() -> Scene:
    s = scene(ELIGIBILITY, "eligibility")
    for part in ("Inclusion:", "Exclusion:"):
        s.boundary("heading", part)
    for part in ("Moon sarcoma", "stage IV", "Age 18", "Pregnant women"):
        s.boundary("criterion", part)
        s.boundary("sentence", part)
        s.boundary("depth", part, column=1 if part == "stage IV" else 0)
    s.section("inclusion", ELIGIBILITY[: ELIGIBILITY.index("\nExclusion")])
    s.section("exclusion", ELIGIBILITY[ELIGIBILITY.index("Exclusion") : -1])
    s.boundary("categories", "Moon sarcoma", column=CATEGORIES.index("disease"))
    s.boundary("categories", "stage IV", column=CATEGORIES.index("stage"))
    s.boundary("categories", "stage IV", column=CATEGORIES.index("disease"))
    s.boundary("categories", "Age 18", -1.0, column=CATEGORIES.index("demographic"))
    s.boundary("exclusion", "Pregnant women", -1.5)  # alone it would include; its heading decides
    return s


def test_criteria_begin_at_their_text_and_end_before_the_next() -> None:
    criteria = eligibility().decode().criteria
    texts = [ELIGIBILITY[c.start : c.end] for c in criteria]
    # a bullet of the next criterion stands before that one's start
    assert [text.rstrip("\n *") for text in texts] == ["Moon sarcoma", "stage IV", "Age 18", "Pregnant women"]
    assert [c.id for c in criteria] == ["c1", "c2", "c3", "c4"]
    assert all(c.passage == "eligibility" and c.score == round(float(sigmoid(4.0)), 4) for c in criteria)
    assert not any(a.end > b.start for a, b in zip(criteria, criteria[1:], strict=False))


def test_a_heading_ends_a_criterion() -> None:
    age = eligibility().decode().criteria[2]
    assert ELIGIBILITY[age.start : age.end] == "Age 18"


def test_sides_follow_section_and_own_score() -> None:
    assert [c.side for c in eligibility().decode().criteria] == ["inc", "inc", "inc", "exc"]
    s = eligibility()
    s.boundary("exclusion", "Age 18", 4.5)  # stronger than what its heading says against it, and worth a turn
    s.boundary("exclusion", "Pregnant women", -2.5)
    assert [c.side for c in s.decode().criteria] == ["inc", "inc", "exc", "inc"]


def test_parents_follow_depth() -> None:
    assert [c.parent for c in eligibility().decode().criteria] == [None, "c1", None, None]
    text = "gout fever cough rash itch"
    s = scene(text, "eligibility")
    for word, depth in zip(text.split(), (0, 1, 2, 1, 2), strict=True):
        s.boundary("criterion", word)
        s.boundary("depth", word, column=depth)
    assert MAX_DEPTH == 3
    assert [c.parent for c in s.decode().criteria] == [None, "c1", "c2", "c1", "c4"]


def test_a_depth_without_a_parent_has_none() -> None:
    s = scene("gout fever", "eligibility")
    s.boundary("criterion", "fever")
    s.boundary("depth", "fever", column=2)
    assert [c.parent for c in s.decode().criteria] == [None]


def test_categories_are_all_above_zero_or_the_best() -> None:
    categories = [c.categories for c in eligibility().decode().criteria]
    assert categories[:3] == [("disease",), ("disease", "stage"), ("demographic",)]


def test_criteria_hold_the_mentions_inside_them() -> None:
    s = eligibility()
    s.span("CANCER", "Moon sarcoma")
    s.span("STAGE", "stage IV")
    s.span("POPULATION", "women")
    assert [c.mentions for c in s.decode().criteria] == [("m1",), ("m2",), (), ("m3",)]


def listed(text: str, *begins: tuple[str, int]) -> Scene:
    """An eligibility text with a criterion, of this depth, at each of these words."""
    s = scene(text, "eligibility")
    for part, depth in begins:
        s.boundary("criterion", part)
        s.boundary("depth", part, column=depth)
    return s


def texts_of(s: Scene) -> list[str]:
    return [s.texts[0][1][c.start : c.end] for c in s.decode().criteria]


def test_signs_and_numbers_alone_are_no_criteria() -> None:
    s = listed(
        "* \\ >= 8 weeks\n(5) fever 6. cough", ("\\", 0), (">=", 0), ("(5)", 0), ("fever", 0), ("6.", 0), ("cough", 0)
    )
    assert texts_of(s) == [">= 8 weeks", "fever", "cough"]
    assert [c.id for c in s.decode().criteria] == ["c1", "c2", "c3"]


def test_a_number_that_is_a_mention_is_a_criterion() -> None:
    s = listed("fever 6. cough", ("fever", 0), ("6.", 0), ("cough", 0))
    s.span("VALUE", "6.")
    assert texts_of(s) == ["fever", "6.", "cough"]


def test_what_stands_under_a_bare_number_has_no_parent_of_the_item_before() -> None:
    s = listed("fever (2) cough rash", ("fever", 0), ("(2)", 0), ("cough", 1), ("rash", 1))
    assert [c.parent for c in s.decode().criteria] == [None, None, None]


def test_the_number_of_the_next_criterion_on_the_same_line_is_left_out() -> None:
    s = listed("fever. 2. cough; (3) rash. o itch", *((word, 0) for word in ("fever.", "cough;", "rash.", "itch")))
    assert texts_of(s) == ["fever.", "cough;", "rash.", "itch"]


WORDS = ["fever", "cough.", "HIV;", "2.", "(3)", "o", "B.", "\\", "rash", "\n*", "\no"]


@given(st.lists(st.tuples(st.sampled_from(WORDS), st.booleans(), st.booleans()), min_size=1, max_size=14))
def test_starts_stay_and_mentions_stay_inside(marked: list[tuple[str, bool, bool]]) -> None:
    """Whatever words begin criteria or are mentions."""
    text, places = "", []
    for word, begins, named in marked:
        at = len(text) + len(word) - len(word.lstrip("\n"))
        places.append((at, begins, named))
        text += word + " "
    s = scene(text, "eligibility")
    token = {int(start): i for i, start in enumerate(s.stream.start) if s.stream.end[i] > 0}

    def edit(window: Window, scores: WindowScores) -> None:
        for at, begins, named in places:
            i = token[at]
            if begins:
                scores.boundaries[i, BOUNDARY_SLICES["criterion"]] = 3.0
            if named:
                scores.spans[(ENTITY_TYPES.index("CONDITION"), *span_cell(i, i))] = 3.0

    s.in_windows(edit)
    decoded = s.decode()
    starts = [at for at, begins, _ in places if begins]
    assert [c.start for c in decoded.criteria if c.start not in starts] == []
    stops = [*starts, len(text)]
    for start, stop in zip(starts, stops[1:], strict=True):
        criterion = next((c for c in decoded.criteria if c.start == start), None)
        inside = [m for m in decoded.mentions if start <= m.start and m.end <= stop]
        if criterion is None:
            assert not inside and is_bare(text[start:stop].removesuffix("\n"))
        else:
            assert criterion.mentions == tuple(m.id for m in inside)
            assert all(m.end <= criterion.end for m in inside) and criterion.end <= stop


def test_criteria_are_numbered_through_the_document() -> None:
    s = Scene([("eligibility", "gout fever"), ("notes", "cough")])
    s.boundary("criterion", "fever")
    s.boundary("criterion", "cough", passage=1)
    assert [(c.id, c.passage, c.start) for c in s.decode().criteria] == [("c1", "eligibility", 5), ("c2", "notes", 0)]


def test_sections_are_labels_of_sentences_joined() -> None:
    (reading,) = eligibility().decode().readings
    cut = ELIGIBILITY.index("Exclusion")
    assert [(s.start, s.end, s.label) for s in reading.sections] == [
        (0, cut, "inclusion"),
        (cut, len(ELIGIBILITY), "exclusion"),
    ]


def test_sections_and_sentences_cover_the_text() -> None:
    text = "  One. Two three.\nFour "
    s = scene(text, "summary")
    s.boundary("sentence", "Two")
    s.boundary("sentence", "Four")
    s.section("arms", "Two three.")
    (reading,) = s.decode().readings
    assert [text[a:b] for a, b in reading.sentences] == ["One.", "Two three.", "Four"]
    assert [(x.start, x.end) for x in reading.sections] == [(0, 7), (7, 18), (18, len(text))]
    assert reading.text_sha256 == Passage(name="summary", text=text).sha256


def test_tokens_are_read_from_the_window_that_owns_them() -> None:
    text = " ".join(f"w{i}" for i in range(40))
    s = scene(text, size=24, overlap=12)
    owner = {t: w for w in s.windows for t in range(w.own_first, w.own_last)}

    def edit(window: Window, scores: WindowScores) -> None:
        for t in range(window.first, window.last):
            wanted = t % 5 == 1
            right = wanted if owner[t] is window else not wanted
            scores.boundaries[t + window.lead - window.first, BOUNDARY_SLICES["sentence"]] = 3.0 if right else -3.0

    s.in_windows(edit)
    (reading,) = s.decode().readings
    assert [text[a:b].split()[0] for a, b in reading.sentences] == [f"w{i}" for i in range(0, 40, 5)]


def test_sigmoid_is_safe_at_the_ends() -> None:
    with np.errstate(all="raise"):
        assert sigmoid(0.0) == 0.5 and sigmoid(1e4) == 1 and 0 <= sigmoid(-1e4) < 1e-10


# names as evidence


def known_as(kind: NameKind, *names: tuple[str, str]) -> Known:
    """Says of these (entity type, text of the scene's first passage) that they are names of a kind."""

    def known(type_: EntityType, where: int, start: int, end: int, logit: float) -> NameKind | None:
        return kind if (type_, TEXT[start:end]) in names else None

    return known


TEXT = "Adults with moon sarcoma take zorbatinib mesylate daily."


def supported(known: Known, *spans: tuple[str, str, float]) -> list[tuple[str, str]]:
    s = scene(TEXT)
    for type_, part, logit in spans:
        s.span(type_, part, logit)
    passages = [Passage(name="text", text=TEXT)]
    weights = Thresholds(by_term=3, by_name=1, by_short=5, by_sense=8)
    return found(decode(passages, s.stream, ((w, s.scores(w)) for w in s.windows), weights, known))


def test_a_name_lifts_a_span_and_decides_between_types() -> None:
    spans = (("CONDITION", "zorbatinib", 0.5), ("DRUG", "zorbatinib", -0.2))
    assert supported(known_as("name"), *spans) == [("CONDITION", "zorbatinib")]
    assert supported(known_as("name", ("DRUG", "zorbatinib")), *spans) == [("DRUG", "zorbatinib")]


def test_a_name_gives_way_to_a_longer_span_of_the_network_unless_it_is_the_users_own() -> None:
    spans = (("DRUG", "zorbatinib mesylate", 0.3), ("DRUG", "zorbatinib", -0.2))
    assert supported(known_as("name", ("DRUG", "zorbatinib")), *spans) == [("DRUG", "zorbatinib mesylate")]
    assert supported(known_as("term", ("DRUG", "zorbatinib")), *spans) == [("DRUG", "zorbatinib")]
