"""Status bytes, acknowledgement, states, faults, several connections and the HTTP control."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from gateway.sim.printer import PrinterControl, PrinterFaults, VirtualPrinter

EOT = [b"\x10\x04\x01", b"\x10\x04\x02", b"\x10\x04\x03", b"\x10\x04\x04"]
JOB = b"\x1b@linha\n\x1dVB\x00\x1dr\x01"


@pytest.mark.parametrize(
    ("state", "answers"),
    [
        ("ok", "12121212"),
        ("paper_near_end", "1212121e"),
        ("paper_out", "1a32127e"),
        ("cover_open", "1a161212"),
        ("offline", "1a121212"),
    ],
)
async def test_real_time_status_bytes(printer, line, state, answers):
    printer.state = state
    assert (await line.ask(b"".join(EOT), 4)).hex() == answers


async def test_real_time_status_answers_inside_a_job(printer, line):
    assert await line.ask(b"meia linha" + EOT[0]) == b"\x12"
    assert list(printer.receipts) == []


async def test_status_bytes_inside_an_image_are_only_dots(printer, line):
    assert await line.ask(b"\x1dv0\x00\x03\x00\x01\x00\x10\x04\x01\x1dVB\x00\x1dr\x01") == b"\x00"
    assert printer.receipts[0].problems == []


async def test_acknowledgement_comes_after_the_cut(printer, line):
    assert await line.ask(JOB) == b"\x00"
    assert len(printer.receipts) == 1
    printer.state = "paper_near_end"
    assert await line.ask(JOB) == b"\x03"
    assert len(printer.receipts) == 2
    assert await line.ask(b"\x1dr\x02") == b"\x00"


@pytest.mark.parametrize("state", ["paper_out", "cover_open", "offline"])
async def test_a_blocked_printer_buffers_and_prints_later(printer, line, state):
    printer.state = state
    line.send(JOB)
    assert await line.ask(EOT[0]) == b"\x1a"  # answered although the job before it is not
    assert list(printer.receipts) == []
    printer.state = "ok"
    async with asyncio.timeout(10):
        assert await line.reader.readexactly(1) == b"\x00"
    assert [r.boundary for r in printer.receipts] == ["partial-cut"]


async def test_two_impatient_tries_print_two_receipts_when_the_paper_returns(printer, connect):
    printer.state = "paper_out"
    for _ in range(2):
        line = await connect()
        line.send(JOB)
        assert await line.ask(EOT[3]) == b"\x7e"
        await line.close()
    assert list(printer.receipts) == []
    printer.state = "ok"
    assert [r.text for r in await printer.wait_receipts(2)] == ["linha\n", "linha\n"]


async def test_jobs_of_two_connections_do_not_mix(printer, connect):
    first, second = await connect(), await connect()
    assert await first.ask(b"\x1b@primeiro " + EOT[0]) == b"\x12"
    second.send(b"\x1b@segundo\n\x1dVB\x00\x1dr\x01")
    assert await second.ask(EOT[0]) == b"\x12"
    assert list(printer.receipts) == []
    assert await first.ask(b"fim\n\x1dVB\x00\x1dr\x01") == b"\x00"
    async with asyncio.timeout(10):
        assert await second.reader.readexactly(1) == b"\x00"
    assert [r.text for r in printer.receipts] == ["primeiro fim\n", "segundo\n"]


async def test_connection_cut_after_n_bytes_wears_off(printer, connect):
    printer.set_faults(PrinterFaults(cut_after_bytes=6))
    line = await connect()
    line.send(b"abc\ndefghi\n\x1dVB\x00\x1dr\x01")
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await line.ask(b"")
    (torn,) = await printer.wait_receipts(1)
    assert (torn.boundary, torn.text) == ("connection-closed", "abc\nde\n")
    assert await (await connect()).ask(JOB) == b"\x00"


async def test_ignored_ack_and_status(printer, line):
    printer.set_faults(PrinterFaults(ignore_ack=True))
    assert await line.ask(JOB + EOT[0]) == b"\x12"
    assert len(printer.receipts) == 1
    printer.set_faults(PrinterFaults(ignore_status=True))
    assert await line.ask(EOT[0] + JOB) == b"\x00"


async def test_slow_printer_still_prints(printer, line):
    printer.set_faults(PrinterFaults(bytes_per_second=2000))
    assert await line.ask(JOB) == b"\x00"


async def test_stopping_does_not_wait_for_a_slow_or_blocked_job(tmp_path):
    printer = VirtualPrinter()
    await printer.start()
    printer.set_faults(PrinterFaults(bytes_per_second=1))
    _, writer = await asyncio.open_connection(printer.host, printer.port)
    writer.write(b"x" * 3600)
    await writer.drain()
    async with asyncio.timeout(5):
        await printer.stop()
    writer.close()


def test_an_unknown_state_is_refused():
    printer = VirtualPrinter()
    with pytest.raises(ValueError, match="estado desconhecido"):
        printer.state = "pegando fogo"
    assert printer.state == "ok"


async def test_numbers_go_on_after_a_restart(printer, line, tmp_path):
    await line.ask(JOB)
    again = VirtualPrinter(out_dir=tmp_path / "slips")
    await again.start()
    reader, writer = await asyncio.open_connection(again.host, again.port)
    writer.write(JOB)
    async with asyncio.timeout(10):
        assert await reader.readexactly(1) == b"\x00"
    assert again.receipts[0].number == 2
    writer.close()
    await again.stop()


async def test_http_control(printer, line):
    control = PrinterControl(printer)
    await control.start()
    async with aiohttp.ClientSession(control.url) as http:
        await line.ask(JOB)
        async with http.get("/receipts") as answer:
            assert [(r["number"], r["boundary"]) for r in await answer.json()] == [(1, "partial-cut")]
        async with http.get("/receipts/1/text") as answer:
            assert await answer.text() == "linha\n"
        async with http.get("/receipts/1/raw") as answer:
            assert await answer.read() == JOB.removesuffix(b"\x1dr\x01")
        async with http.get("/receipts/1/image") as answer:
            assert (answer.content_type, (await answer.read())[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
        for path in ("/receipts/2", "/receipts/x/text", "/receipts/1/outro"):
            async with http.get(path) as answer:
                assert answer.status == 404
        async with http.put("/state", json={"state": "cover_open"}) as answer:
            assert await answer.json() == {"state": "cover_open"}
        assert await line.ask(EOT[1]) == b"\x16"
        for path, body in (("/state", {"state": "outro"}), ("/state", {}), ("/faults", {"nada": 1})):
            async with http.put(path, json=body) as answer:
                assert answer.status == 400
        assert printer.state == "cover_open"
        async with http.put("/faults", json={"ignore_ack": True}) as answer:
            assert (await answer.json())["ignore_ack"] is True
        async with http.delete("/receipts") as answer:
            assert answer.status == 204
        for path in ("/receipts", "/events"):
            async with http.get(path) as answer:
                assert await answer.json() == []
    await control.stop()
