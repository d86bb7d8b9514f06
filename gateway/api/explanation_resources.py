"""What the API answers of a rejection explained, and of a document's story. Texts are pt-BR."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from gateway.nfe.explanation import Explanation
from gateway.nfe.field_changes import Change
from gateway.nfe.rejections import Rejection


class FieldChange(Struct, frozen=True, kw_only=True):
    """A value that differs; null where there was none."""

    path: str
    before: str | None
    after: str | None


class ExplainedField(Struct, frozen=True, kw_only=True):
    """A field to look at: where the body sent has it, where the note has it, and its value there."""

    path: str
    layout: str
    value: str | None
    message: str


class RejectionText(Struct, frozen=True, kw_only=True):
    """A code of the catalogue, whatever the document."""

    cStat: str
    message: str
    decision: str
    decision_text: str
    cause: str
    fix: str
    counter: Annotated[tuple[str, ...], Meta(description="For the person at the counter: at most two sentences")]
    fields: tuple[str, ...]
    rules: Annotated[tuple[str, ...], Meta(description="Document rules that avoid it")]
    consumes_number: bool | None
    source: str
    certainty: Annotated[str, Meta(description="C certain, M one good source, U only the code is known")]


class DocumentExplanation(Struct, frozen=True, kw_only=True):
    """A refusal explained against the document. `draft` is a body for `POST /v1/nfe/{ref}/retry`, null when a person decides."""

    ref: str
    cStat: str
    xMotivo: str
    cause: str
    fix: str
    counter: tuple[str, ...]
    fields: tuple[ExplainedField, ...]
    draft: Annotated[Any, Meta(description="The corrected sale or raw note, or null")]
    changes: tuple[FieldChange, ...]
    rejection: RejectionText


class StoryEntry(Struct, frozen=True, kw_only=True):
    """A line of the story; `changes` of what differs from the attempt before."""

    at: datetime
    kind: str
    text: str
    changes: tuple[FieldChange, ...]


class DocumentStory(Struct, frozen=True, kw_only=True):
    """A document's life, oldest first, or that of a number without one. `now`: what may or must be done, a sentence each."""

    ref: str
    headline: str
    lines: tuple[StoryEntry, ...]
    now: tuple[str, ...]


def rejection_text(row: Rejection) -> RejectionText:
    """A code as it is answered."""
    return RejectionText(**{name: getattr(row, name) for name in RejectionText.__struct_fields__})


def changed(changes: tuple[Change, ...]) -> tuple[FieldChange, ...]:
    """Changes as they are answered."""
    return tuple(FieldChange(path=one.path, before=one.before, after=one.after) for one in changes)


def document_explanation(ref: str, found: Explanation) -> DocumentExplanation:
    """A refusal as it is answered."""
    return DocumentExplanation(
        ref=ref,
        cStat=found.rejection.cStat,
        xMotivo=found.xMotivo,
        cause=found.cause,
        fix=found.fix,
        counter=found.rejection.counter,
        fields=tuple(
            ExplainedField(path=one.path, layout=one.layout, value=one.value, message=one.message) for one in found.fields
        ),
        draft=None if found.draft is None else msgspec.to_builtins(found.draft, enc_hook=str),
        changes=changed(found.changes),
        rejection=rejection_text(found.rejection),
    )
