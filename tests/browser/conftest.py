"""The console in a real Chromium: Debian's browser, driven by Playwright, judged by the axe accessibility rules.

`make e2e-browser` installs the browser (Debian), axe (npm) and runs these tests; screenshots are left in `var/screenshots`.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from gateway.sim.pki import TestPki
from gateway.stage import Stage

FLAGS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
SHOTS = Path("var/screenshots")
AXE = Path(os.environ.get("GATEWAY_AXE", ".venv/axe/package/axe.min.js"))
SIZES = {"phone": (390, 844), "desktop": (1280, 860)}

Open = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a test PKI made once: keys take a second each."""
    directory = tmp_path_factory.mktemp("authority")
    TestPki(directory / "pki")
    return directory


@pytest.fixture
async def stage(tmp_path: Path, authority: Path) -> AsyncIterator[Stage]:
    """A gateway and its simulators, set up for one branch and one VTEX account, on SQLite."""
    await asyncio.to_thread((tmp_path / "stage").mkdir)
    (tmp_path / "stage" / "pki").symlink_to(authority / "pki", target_is_directory=True)
    opened = Stage(tmp_path / "stage")
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium, headless. Without it the tests fail: `make e2e-browser` installs it."""
    path = shutil.which("chromium")
    assert path, "falta o chromium: rode make e2e-browser"
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=path, args=FLAGS, chromium_sandbox=os.geteuid() != 0)
        yield opened
        await opened.close()


@pytest.fixture
async def signed_in(browser: Browser, stage: Stage) -> AsyncIterator[Open]:
    """`await signed_in("phone", "dark")` answers a page of the console after a real login; its console must stay silent."""
    pages: list[tuple[Page, list[str]]] = []

    async def login(size: str = "desktop", scheme: str = "light") -> Page:
        width, height = SIZES[size]
        context = await browser.new_context(
            base_url=stage.gateway.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="pt-BR",
            timezone_id="America/Sao_Paulo",
            has_touch=size == "phone",
            reduced_motion="reduce",
        )
        page = await context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: said.append(str(error)))
        await page.goto("/console/login")
        await page.get_by_label("Usuário").fill("admin")
        await page.get_by_label("Senha").fill(stage.password)
        await page.get_by_role("button", name="Entrar").click()
        await page.wait_for_url("**/console")
        pages.append((page, said))
        return page

    yield login
    for page, said in pages:
        await page.context.close()
        assert not said, said


async def faults(page: Page) -> list[str]:
    """What the axe rules (WCAG 2.2 A and AA, best practices) find on the page, a line each, and what overflows its width."""
    await page.evaluate(await asyncio.to_thread(AXE.read_text, "utf-8"))
    found = await page.evaluate(
        """async () => {
          const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
          const answer = await axe.run(document, {runOnly: rules});
          const told = (rule, node) => `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`;
          return answer.violations.flatMap(rule => rule.nodes.map(node => told(rule, node)));
        }"""
    )
    wide = await page.evaluate(
        """() => { const page = document.documentElement;
          if (page.scrollWidth <= page.clientWidth) return [];
          return [...document.querySelectorAll('main *')].filter(one => one.getBoundingClientRect().right > page.clientWidth)
            .map(one => `mais largo que a tela: ${one.tagName} ${one.className} ${one.textContent.trim().slice(0, 60)}`); }"""
    )
    return [*found, *wide]


async def picture(page: Page, name: str) -> None:
    """Leave the whole page as `var/screenshots/NAME.png`."""
    await asyncio.to_thread(SHOTS.mkdir, parents=True, exist_ok=True)
    # To hide the caret Playwright writes a style into the page, which its policy refuses.
    await page.screenshot(path=SHOTS / f"{name}.png", full_page=True, caret="initial")
