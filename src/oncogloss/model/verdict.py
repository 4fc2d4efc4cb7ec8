"""What the gate said of a model, in a file beside the bundle's: the registry notes it, and takes no model refused."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, ValidationError

from oncogloss.errors import RegistryError
from oncogloss.model.bundle import Bundle

VERDICT = "gate.json"


class Verdict(BaseModel):
    """What the gate said of a bundle: beside which model it was read, its figures, and why it was refused, if so."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False)

    bundle: str
    old: str
    refusals: tuple[str, ...] = ()
    forced: bool = False
    metrics: dict[str, float] = {}

    @property
    def told(self) -> str:
        """The verdict as a sentence."""
        said = (
            f"forced through the gate, which said: {' '.join(self.refusals)}" if self.refusals else "passed the gate."
        )
        return f"In place of {self.old}: {said}"


def read_verdict(bundle: Bundle) -> Verdict | None:
    """What the gate said of a bundle; None where it was not asked. Raises RegistryError where it refused the bundle, or
    spoke of another one."""
    path = bundle.path(VERDICT)
    if not path.is_file():
        return None
    try:
        verdict = Verdict.model_validate_json(path.read_bytes())
    except ValidationError:
        raise RegistryError(f"{path} is no verdict of `oncogloss gate`; remove it, or run the gate again.") from None
    if verdict.bundle != bundle.info.sha256:
        raise RegistryError(f"{path} is the verdict on another model; remove it, or run the gate again.")
    if verdict.refusals and not verdict.forced:
        reasons = " ".join(verdict.refusals).rstrip(".")
        raise RegistryError(f"The gate refused {bundle.folder}: {reasons}; teach it anew, or `oncogloss gate --force`.")
    return verdict
