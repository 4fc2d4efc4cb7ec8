import json
import logging
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from oncogloss.errors import InputError, MissingExtraError, StoreError
from oncogloss.pipeline import Pipeline, load
from oncogloss.schema import ENTITY_TYPES, RELATION_TYPES, Document, Extraction, Passage
from oncogloss.service import reviewing
from oncogloss.service.app import Settings, create_app
from oncogloss.service.edits import AddMention, Step, agreement, corrected, doubt, standing
from oncogloss.service.guard import Limits
from oncogloss.service.keys import new_key
from oncogloss.service.problems import ProblemError
from oncogloss.service.reviews import Reviews

SAMPLES = Path(__file__).parents[2] / "corpus" / "samples"
TEXT = (
    "Inclusion Criteria:\n- Prior pembrolizumab within 4 weeks\n- ECOG 0-1 🙂 and zorbatinib\n"
    "Exclusion Criteria:\n- Pregnancy"
)
RECORD = {"id": "NCT99000077", "passages": {"eligibility": TEXT}}
DOCUMENT = Document(id="NCT99000077", passages=(Passage(name="eligibility", text=TEXT),))
Client = tuple[TestClient, dict[str, dict[str, str]]]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reviews") / "reviews.db"


@pytest.fixture(scope="module")
def reviewed(store: Path) -> Iterator[Client]:
    """A service with two reviewers, and four records to review."""
    keys = {name: new_key() for name in ("anna", "ben")}
    settings = Settings(
        models=("nano",), keys={digest: name for name, (_, digest) in keys.items()}, reviews=store,
        limits=Limits(hosts=frozenset({"testserver"})),
    )  # fmt: skip
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client, {name: {"authorization": f"Bearer {key}"} for name, (key, _) in keys.items()}


def place(words: str) -> dict[str, Any]:
    start = TEXT.index(words)
    return {"passage": "eligibility", "start": start, "end": start + len(words)}


EDIT = AddMention(op="add_mention", **place("zorbatinib"), type="REGIMEN")


def opened(reviewed: Client, who: str, record: dict[str, Any] = RECORD) -> dict[str, Any]:
    client, keys = reviewed
    answer = client.post("/v1/reviews", json=record, headers=keys[who])
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def edit(reviewed: Client, who: str, id: str, status: int = 200, /, **said: Any) -> dict[str, Any]:
    client, keys = reviewed
    answer = client.post(f"/v1/reviews/{id}/edits", json={"edit": said}, headers=keys[who])
    assert answer.status_code == status, answer.text
    return answer.json()  # type: ignore[no-any-return]


def spans(review: dict[str, Any]) -> set[tuple[str, str]]:
    return {(m["text"], m["type"]) for m in review["extraction"]["mentions"]}


def test_edits_are_made_undone_and_told_of(reviewed: Client) -> None:
    record = {**RECORD, "id": "NCT99000001"}
    before = opened(reviewed, "anna", record)
    id = before["id"]
    after = edit(reviewed, "anna", id, op="add_mention", **place("zorbatinib"), type="PROCEDURE")
    added = next(m for m in after["extraction"]["mentions"] if m["text"] == "zorbatinib" and m["type"] == "PROCEDURE")
    assert added["score"] == 1
    after = edit(reviewed, "anna", id, op="change_mention", id=added["id"], type="GENE", attributes=["hist"])
    assert ("zorbatinib", "GENE") in spans(after) and ("zorbatinib", "PROCEDURE") not in spans(after)
    after = edit(reviewed, "anna", id, op="change_mention", id=added["id"], end=added["end"] - 2)
    assert ("zorbatin", "GENE") in spans(after)
    concept = {"id": "X:1", "name": "thing", "vocabulary": "x", "score": 1.0}
    after = edit(reviewed, "anna", id, op="set_concept", id=added["id"], concept=concept)
    assert next(m for m in after["extraction"]["mentions"] if m["id"] == added["id"])["concept"]["name"] == "thing"
    other = next(m for m in after["extraction"]["mentions"] if m["id"] != added["id"])
    link = {"type": "TREATS", "head": added["id"], "tail": other["id"]}
    after = edit(reviewed, "anna", id, op="add_relation", **link)
    assert {**link, "score": 1.0} in after["extraction"]["relations"]
    after = edit(reviewed, "anna", id, op="delete_mention", id=added["id"])
    assert all(added["id"] not in (r["head"], r["tail"]) for r in after["extraction"]["relations"])
    criterion = after["extraction"]["criteria"][0]
    after = edit(reviewed, "anna", id, op="set_side", id=criterion["id"], side="exc")
    assert after["extraction"]["criteria"][0]["side"] == "exc"
    for _ in range(7):
        assert after["can_undo"]
        after = edit(reviewed, "anna", id, op="undo")
    assert after["extraction"] == before["extraction"]
    assert not after["can_undo"] and after["can_redo"]
    assert ("zorbatinib", "PROCEDURE") in spans(edit(reviewed, "anna", id, op="redo"))
    assert [h["reviewer"] for h in after["history"]] == ["anna"] * 14
    assert after["history"][0]["edit"]["op"] == "add_mention" and after["history"][-1]["edit"] == {"op": "undo"}


def test_half_a_character_in_an_edit_is_refused(reviewed: Client) -> None:
    client, keys = reviewed
    review = opened(reviewed, "anna", {**RECORD, "id": "NCT99000003"})
    mention = review["extraction"]["mentions"][0]["id"]
    concept = {"id": "X:1", "name": "\ud800", "vocabulary": "x", "score": 1.0}
    body = json.dumps({"edit": {"op": "set_concept", "id": mention, "concept": concept}})
    answer = client.post(f"/v1/reviews/{review['id']}/edits", content=body, headers=keys["anna"])
    assert (answer.status_code, "half a surrogate pair" in answer.text) == (422, True)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"op": "undo"}, "nothing to undo"),
        ({"op": "redo"}, "nothing to redo"),
        ({"op": "delete_mention", "id": "none"}, "no such mention"),
        ({"op": "change_mention", "id": "none", "start": 1}, "no such mention"),
        ({"op": "set_side", "id": "none", "side": "inc"}, "no such criterion"),
        ({"op": "delete_relation", "type": "TREATS", "head": "m1", "tail": "m2"}, "no such"),
        ({"op": "add_relation", "type": "TREATS", "head": "m1", "tail": "m1"}, "two mentions"),
        ({"op": "add_mention", "passage": "none", "start": 0, "end": 1, "type": "DRUG"}, "no such passage"),
        ({"op": "add_mention", "passage": "eligibility", "start": 5, "end": 5, "type": "DRUG"}, "not lie in the text"),
        ({"op": "add_mention", "passage": "eligibility", "start": 5, "end": 5_000, "type": "DRUG"}, "not lie"),
        ({"op": "add_mention", **place("r pembro"), "type": "DRUG"}, "cross"),
        ({"op": "add_mention", **place("pembrolizumab"), "type": "DRUG"}, "already"),
        ({"op": "add_mention", **place("pembrolizumab"), "type": "NONE"}, "does not fit"),
        ({"op": "burn"}, "fit"),
    ],
)
def test_an_edit_that_cannot_be_gets_a_sentence_and_leaves_no_trace(
    reviewed: Client, said: dict[str, Any], words: str
) -> None:
    id = opened(reviewed, "ben", {**RECORD, "id": "NCT99000002"})["id"]
    problem = edit(reviewed, "ben", id, 422, **said)
    assert words in problem["detail"]
    assert opened(reviewed, "ben", {**RECORD, "id": "NCT99000002"})["history"] == []


def test_two_reviewers_work_apart_and_their_agreement_is_told(reviewed: Client) -> None:
    id = opened(reviewed, "anna", {**RECORD, "id": "NCT99000003"})["id"]
    edit(reviewed, "anna", id, op="add_mention", **place("zorbatinib"), type="PROCEDURE")
    ben = edit(reviewed, "ben", id, op="add_mention", **place("zorbatinib"), type="GENE")
    assert ("zorbatinib", "PROCEDURE") not in spans(ben)
    n = len(ben["extraction"]["mentions"])
    assert ben["agreement"] == [
        {"reviewers": ["anna", "ben"], "f1": round((n - 1) / n, 4), "both": n - 1, "only_first": 1, "only_second": 1}
    ]
    assert {h["reviewer"] for h in ben["history"]} == {"anna", "ben"}


def test_the_queue_has_the_doubtful_first_and_goes_on(tmp_path: Path) -> None:
    records = tmp_path / "records.jsonl"
    texts = ["The weather.", "ECOG 0-1", "Prior zorbatinib and plenzumab or EGFR V999X", TEXT]
    rows = [json.dumps({"id": f"r{i}", "passages": {"eligibility": text}}) for i, text in enumerate(texts)]
    records.write_text("\n".join([*rows, "{"]), encoding="utf-8")
    settings = Settings(
        models=("nano",), reviews=tmp_path / "r.db", queued=(records,), limits=Limits(hosts=frozenset({"testserver"}))
    )
    with TestClient(create_app(settings)) as client:
        for _ in range(600):
            listed = client.get("/v1/reviews").json()
            if len(listed) == 4:
                break
            threading.Event().wait(0.05)
        assert [r["doubt"] for r in listed] == sorted((r["doubt"] for r in listed), reverse=True)
        assert {r["record"] for r in listed} == {"r0", "r1", "r2", "r3"}
        seen = []
        for state in ("done", "skipped", "done", "skipped"):
            review = client.get("/v1/reviews/next").json()
            seen.append(review["id"])
            assert client.post(f"/v1/reviews/{review['id']}/state", json={"state": state}).json()["state"] == state
        assert seen == [r["id"] for r in listed]
        assert client.get("/v1/reviews/next").status_code == 404
        assert [r["reviewers"] for r in client.get("/v1/reviews").json()] == [
            {"local": s} for s in ("done", "skipped", "done", "skipped")
        ]
        assert len(client.get("/v1/reviews/export").text.splitlines()) == 2


def test_a_record_that_crashes_leaves_the_others_of_the_queue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, logged: pytest.LogCaptureFixture
) -> None:
    canary, extract, read = "CANARY5D", Pipeline.extract, reviewing.read_path
    files = [tmp_path / name for name in ("a.jsonl", "b.pdf", "c.jsonl")]
    for file in files:
        rows = [{"id": f"{file.stem}{n}", "passages": {"text": f"ECOG 0-1 {canary}{file.stem}{n}"}} for n in range(3)]
        file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def crash_in(pipeline: Pipeline, document: Document) -> Extraction:
        if document.id == "a1":
            raise RuntimeError(canary)
        return extract(pipeline, document)

    def crash_on(path: Path) -> Iterator[Document | InputError]:
        if path.suffix == ".pdf":
            raise MissingExtraError("pypdfium2", "docs")
        yield from read(path)

    monkeypatch.setattr(Pipeline, "extract", crash_in)
    monkeypatch.setattr(reviewing, "read_path", crash_on)
    limits = Limits(hosts=frozenset({"testserver"}))
    settings = Settings(models=("nano",), reviews=tmp_path / "r.db", queued=tuple(files), limits=limits)
    with TestClient(create_app(settings)) as client:
        for _ in range(600):
            listed = client.get("/v1/reviews").json()
            if len(listed) == 5:
                break
            threading.Event().wait(0.05)
    assert {r["record"] for r in listed} == {"a0", "a2", "c0", "c1", "c2"}
    said = [json.loads(r.getMessage())["queue"] for r in logged.records if r.levelno == logging.WARNING]
    assert said[0] == f"{files[0]}, line 2: left out for an error (RuntimeError)."
    assert said[1:] == [f"{files[1]}: pypdfium2 is not installed; run pip install 'oncogloss[docs]'."]
    assert canary not in logged.text


def test_doubt_counts_scores_and_names_without_a_concept() -> None:
    found = load("nano").extract(DOCUMENT)
    drug = next(m for m in found.mentions if m.text == "pembrolizumab")
    sure, unsure = drug.model_copy(update={"score": 1.0}), drug.model_copy(update={"score": 0.75})
    nameless = sure.model_copy(update={"concept": None})

    def of(*mentions: Any) -> float:
        return doubt(found.model_copy(update={"mentions": mentions}))

    assert (of(), of(sure), of(unsure), of(nameless), of(sure, nameless)) == (1.0, 0.0, 0.25, 0.5, 0.25)


def test_the_export_is_training_data(reviewed: Client, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from oncogloss.training.corpora import read_standoff

    client, keys = reviewed
    record = json.loads((SAMPLES / "NCT99000002.json").read_text(encoding="utf-8"))
    review = opened(reviewed, "anna", record)
    first = review["extraction"]["mentions"][0]
    review = edit(reviewed, "anna", review["id"], op="delete_mention", id=first["id"])
    client.post(f"/v1/reviews/{review['id']}/state", json={"state": "done"}, headers=keys["anna"])
    answer = client.get("/v1/reviews/export?reviewer=anna", headers=keys["ben"])
    assert client.get("/v1/reviews/export?reviewer=ben", headers=keys["ben"]).text == ""
    path = tmp_path / "reviews.jsonl"
    path.write_bytes(answer.content)
    (gold,), problems = read_standoff(path, [])
    assert problems == [] and gold.origin == "reviews" and gold.id == "NCT99000002"
    ours = review["extraction"]
    for passage in gold.passages:
        mentions = [m for m in ours["mentions"] if m["passage"] == passage.name]
        assert [(e.type, e.start, e.end, list(e.attributes)) for e in passage.entities] == [
            (m["type"], m["start"], m["end"], m["attributes"]) for m in mentions
        ]
        texts = [passage.text[e.start : e.end] for e in passage.entities]
        assert texts == [m["text"] for m in mentions]
    assert sum(len(p.relations) for p in gold.passages) == len(ours["relations"])
    assert [len(p.criteria or ()) for p in gold.passages if p.name == "eligibility"] == [len(ours["criteria"])]


def test_what_was_corrected_is_saved_in_every_writers_format(reviewed: Client) -> None:
    client, keys = reviewed
    id = opened(reviewed, "ben", {**RECORD, "id": "NCT99000004"})["id"]
    edit(reviewed, "ben", id, op="add_mention", **place("zorbatinib"), type="REGIMEN")
    saved = client.get(f"/v1/reviews/{id}/file", headers=keys["ben"]).json()
    assert "REGIMEN" in {m["type"] for m in saved["mentions"]}
    assert client.get(f"/v1/reviews/{id}/file?format=brat", headers=keys["ben"]).status_code == 200
    assert client.get(f"/v1/reviews/{id}/file?format=none", headers=keys["ben"]).status_code == 422
    assert client.get("/v1/reviews/none", headers=keys["ben"]).status_code == 404


def test_the_file_is_private_append_only_and_survives(reviewed: Client, store: Path) -> None:
    id = opened(reviewed, "anna", {**RECORD, "id": "NCT99000005"})["id"]
    edit(reviewed, "anna", id, op="add_mention", **place("zorbatinib"), type="REGIMEN")
    edit(reviewed, "anna", id, op="undo")
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    with sqlite3.connect(store) as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("SELECT count(*) FROM edits WHERE record = ?", (id,)).fetchone() == (2,)
    other.close()
    again = Reviews(store)
    assert [h.edit.op for h in again.review(id, "anna").history] == ["add_mention", "undo"]
    again.close()


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    reviews = [Reviews(tmp_path / "r.db") for _ in range(2)]
    found = load("nano").extract(DOCUMENT)
    id = reviews[0].add(DOCUMENT, found)

    def work(n: int) -> None:
        for _ in range(5):
            reviews[n % 2].edit(id, f"r{n}", EDIT)
            reviews[n % 2].edit(id, f"r{n}", Step(op="undo"))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reviews[0].review(id, "r0").history) == 40
    for one in reviews:
        one.close()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    path = tmp_path / "r.db"
    path.write_bytes(b"no database of any kind, but a text" * 100)
    with pytest.raises(StoreError, match="cannot be used for reviews"):
        Reviews(path)
    with pytest.raises(StoreError, match="cannot be used for reviews"):
        Reviews(tmp_path / "none" / "r.db")


def test_without_a_file_nothing_is_reviewed(client: TestClient) -> None:
    assert client.get("/v1/model").json()["reviews"] is False
    assert "--reviews" in client.get("/v1/reviews").json()["detail"]
    assert client.post("/v1/reviews", json={"text": "ECOG 0-1"}).status_code == 404


def test_agreement_of_nothing_is_whole() -> None:
    found = load("nano").extract(DOCUMENT)
    empty = found.model_copy(update={"mentions": ()})
    assert (agreement(("a", "b"), empty, empty).f1, agreement(("a", "b"), found, empty).f1) == (1.0, 0.0)


@given(st.lists(st.sampled_from(["edit", "undo", "redo"]), max_size=20))
def test_undo_and_redo_are_a_walk_along_one_line(steps: list[str]) -> None:
    """Against a model: a list and a place in it."""
    line, at, edits = 0, 0, []
    for step in steps:
        possible = step == "edit" or (step == "undo" and at > 0) or (step == "redo" and at < line)
        edits.append(EDIT if step == "edit" else Step(op=step))
        if not possible:
            with pytest.raises(ProblemError):
                standing(edits)
            edits.pop()
            continue
        at += {"edit": 1, "undo": -1, "redo": 1}[step]
        line = at if step == "edit" else line
        assert len(standing(edits)) == at


def test_the_page_knows_every_type(client: TestClient) -> None:
    script = client.get("/page/types.js").text
    for name, known in (("TYPES", ENTITY_TYPES), ("RELATIONS", RELATION_TYPES)):
        listed = script.partition(f"const {name} = ")[2].partition(";")[0]
        assert tuple(json.loads(listed)) == known


def test_no_edit_is_no_change() -> None:
    found = load("nano").extract(DOCUMENT)
    assert corrected(DOCUMENT, found, []) is found


def test_the_export_says_what_is_not_done(reviewed: Client) -> None:
    client, keys = reviewed

    def left_out(who: str = "") -> int:
        answer = client.get("/v1/reviews/export", params={"reviewer": who} if who else None, headers=keys["ben"])
        return int(answer.headers["x-not-done"])

    def mark(who: str, state: str) -> None:
        client.post(f"/v1/reviews/{id}/state", json={"state": state}, headers=keys[who])

    text = {"id": "NCT99000099", "passages": {"eligibility": TEXT + " Or lunamab."}}
    before, mine, hers = left_out(), left_out("ben"), left_out("anna")
    id = opened(reviewed, "ben", text)["id"]
    assert (left_out(), left_out("ben")) == (before, mine)
    edit(reviewed, "ben", id, **{**EDIT.model_dump(exclude_unset=True)})
    assert (left_out(), left_out("ben"), left_out("anna")) == (before + 1, mine + 1, hers)
    mark("anna", "done")
    assert (left_out(), left_out("ben")) == (before, mine + 1)
    mark("ben", "done")
    assert (left_out(), left_out("ben")) == (before, mine)
