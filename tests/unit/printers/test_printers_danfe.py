"""The A4 DANFE and the process that draws it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.core.errors import GatewayError, InputError
from gateway.printers.danfe import DanfeRenderer
from gateway.printers.view import MAX_XML

GOLDEN = Path(__file__).parents[2] / "golden" / "printers"


def sample(name: str) -> bytes:
    return (GOLDEN / f"{name}.xml").read_bytes()


@pytest.fixture
async def renderer() -> AsyncIterator[DanfeRenderer]:
    renderer = DanfeRenderer()
    yield renderer
    await renderer.close()


async def test_pdf_is_byte_stable_across_processes(renderer: DanfeRenderer) -> None:
    first = await renderer.pdf(sample("three_items"))
    assert first.startswith(b"%PDF-")
    await renderer.close()
    assert await renderer.pdf(sample("three_items")) == first


@pytest.mark.parametrize("name", ["alphanumeric", "forty_items", "type2_offline"])
async def test_every_model_55_sample_is_drawn(renderer: DanfeRenderer, name: str) -> None:
    assert (await renderer.pdf(sample(name))).startswith(b"%PDF-")


async def test_the_layout_of_december_2026(renderer: DanfeRenderer) -> None:
    old = await renderer.pdf(sample("one_item"))
    new = await renderer.pdf(sample("one_item").replace(b"2026-11-21T", b"2026-12-02T"))
    assert new.startswith(b"%PDF-")
    assert len(new) > len(old)


async def test_a_cancelled_note_looks_different(renderer: DanfeRenderer) -> None:
    assert await renderer.pdf(sample("one_item"), cancelled=True) != await renderer.pdf(sample("one_item"))


async def test_what_cannot_be_drawn_is_refused_and_the_process_goes_on(renderer: DanfeRenderer) -> None:
    with pytest.raises(InputError) as caught:
        await renderer.pdf(sample("nfce"))
    assert caught.value.code == "DANFE-MODEL"
    with pytest.raises(InputError) as caught:
        await renderer.pdf(b"<a/>")
    assert caught.value.code == "PRINT-XML"
    with pytest.raises(InputError) as caught:
        await renderer.pdf(b" " * (MAX_XML + 1))
    assert caught.value.code == "PRINT-XML"
    item = sample("one_item")
    det = item[item.index(b"<det ") : item.index(b"</det>") + 6]
    with pytest.raises(InputError, match="601") as caught:
        await renderer.pdf(item.replace(det, det * 601))
    assert caught.value.code == "DANFE-ITEMS"
    process = renderer._process
    assert (await renderer.pdf(sample("one_item"))).startswith(b"%PDF-")
    assert renderer._process is process


async def test_a_dead_process_is_replaced(renderer: DanfeRenderer) -> None:
    first = await renderer.pdf(sample("one_item"))
    assert renderer._process is not None
    dead = renderer._process.pid
    os.kill(dead, signal.SIGKILL)
    assert await renderer.pdf(sample("one_item")) == first
    assert renderer._process.pid != dead


async def test_notes_asked_for_at_once_are_all_drawn(renderer: DanfeRenderer) -> None:
    names = ["one_item", "three_items", "alphanumeric", "one_item"]
    drawn = await asyncio.gather(*(renderer.pdf(sample(name)) for name in names))
    assert drawn[0] == drawn[3]
    assert len(set(drawn)) == 3


async def test_the_library_stays_out_of_this_process(renderer: DanfeRenderer) -> None:
    await renderer.pdf(sample("one_item"))
    code = (
        "import sys, gateway.printers.danfe, gateway.printers.rendering;"
        "print([name for name in sys.modules if 'fpdf' in name or 'brazil' in name])"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert out.strip() == b"[]"


async def test_a_hung_process_is_killed() -> None:
    renderer = DanfeRenderer(timeout=0.2, command=(sys.executable, "-c", "import sys; sys.stdin.buffer.read()"))
    with pytest.raises(GatewayError) as caught:
        await renderer.pdf(sample("one_item"))
    assert caught.value.code == "DANFE-TIMEOUT"
    assert renderer._process is None


async def test_a_process_that_always_dies_is_reported() -> None:
    renderer = DanfeRenderer(command=(sys.executable, "-c", ""))
    with pytest.raises(GatewayError) as caught:
        await renderer.pdf(sample("one_item"))
    assert caught.value.code == "DANFE-WORKER"
    assert renderer._process is None


async def test_a_caller_that_gives_up_leaves_no_answer_behind(renderer: DanfeRenderer) -> None:
    expected = await renderer.pdf(sample("one_item"))
    waiting = asyncio.ensure_future(renderer.pdf(sample("forty_items")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await renderer.pdf(sample("one_item")) == expected


async def test_the_process_ends_when_it_is_idle() -> None:
    renderer = DanfeRenderer(idle=0.0)
    await renderer.pdf(sample("one_item"))
    process = renderer._process
    assert process is not None
    assert await process.wait() == 0
    assert renderer._process is None
    await renderer.close()
