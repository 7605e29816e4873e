"""The chat example, used in a browser as a visitor would use it."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright
from tools.site.programs import importing_from

import leyden
from leyden.memory import Memory, SemanticRecall, offline_embedder
from leyden.store import DynamoDBStore, Message

EXAMPLE = Path(__file__).parents[2] / "examples" / "chat"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def store() -> Iterator[DynamoDBStore]:
    with leyden.local() as engine, DynamoDBStore(table_name="chat", client=engine) as store:
        store.app.create_table()
        store.init()
        yield store


@pytest.fixture(scope="module")
def memory(store: DynamoDBStore) -> Memory:
    memory = Memory(
        store,
        embedder=offline_embedder(),
        semantic_recall=SemanticRecall(message_range=0, filter={"role": "user"}),
        working_memory=True,
    )
    memory.init()
    return memory


@pytest.fixture(scope="module")
def address(memory: Memory) -> Iterator[str]:
    with importing_from(EXAMPLE):
        from app import create_app  # type: ignore[import-not-found]
    config = uvicorn.Config(create_app(memory), host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


@pytest.fixture(autouse=True)
def empty(store: DynamoDBStore, memory: Memory) -> None:
    for thread in memory.list_threads(per_page=None).threads:
        memory.delete_thread(thread.id)
    store.clear("memory")


def history(store: DynamoDBStore, thread: str, count: int) -> None:
    """A thread with so many messages, a second apart."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    store.memory.save_thread({"id": thread, "resource_id": "guest", "title": "Long"})
    store.memory.save_messages(
        [
            Message(
                id=f"m{n:03}",
                thread_id=thread,
                resource_id="guest",
                role="user" if n % 2 == 0 else "assistant",
                content={"format": 2, "parts": [{"type": "text", "text": f"message {n}"}]},
                created_at=begun + timedelta(seconds=n),
            )
            for n in range(count)
        ]
    )


class TestTheService:
    def test_streams_the_answer_in_pieces_and_stores_both_messages(
        self, address: str, store: DynamoDBStore
    ) -> None:
        with httpx.Client(base_url=address) as client:
            thread = client.post("/threads").json()
            path = f"/threads/{thread['id']}/messages"
            with client.stream("POST", path, json={"text": "hello there"}) as answer:
                events = [httpx.Response(200, text=line).json() for line in answer.iter_lines()]
            assert [next(iter(event)) for event in events] == [
                "sent",
                "recall",
                *["piece"] * 4,
                "said",
            ]
            shown = client.get(path).json()
        assert [m["text"] for m in shown["messages"]] == ["hello there", "You said: hello there"]
        stored = store.memory.list_messages(thread["id"])
        assert [m.role for m in stored.messages] == ["user", "assistant"]

    def test_what_cannot_be_meant_is_refused_and_no_fault(
        self, address: str, store: DynamoDBStore
    ) -> None:
        history(store, "t", 25)
        with httpx.Client(base_url=address) as client:
            page = client.get("/threads/t/messages").json()
            other = page["cursor"]
            send = {"headers": {"Content-Type": "application/json"}}
            half, long = b'"\\ud800"', b'"' + b"\\ud800" * 30_000 + b'"'
            answers = [
                *(
                    client.get(path, params={"cursor": cursor})
                    for path in ("/threads", "/threads/t/messages")
                    for cursor in ("x", "\0", "é", "W" * 50_000, other[:-1], "a.b.c", "e30")
                ),
                client.get("/threads", params={"cursor": other}),
                client.get("/threads?cursor=%ED%A0%80"),
                *(
                    client.request(
                        method, f"/threads/{name}{rest}", json={"title": "x", "text": "x"}
                    )
                    for name in ("no", "x" * 3_000, "%ED%A0%80", "%00", "a%23b", "%20")
                    for method, rest in (
                        ("GET", "/messages"),
                        ("POST", "/messages"),
                        ("PATCH", ""),
                        ("DELETE", ""),
                    )
                ),
                *(
                    client.request(method, f"/threads/t{rest}", content=body, **send)
                    for method, rest, name in (
                        ("PATCH", "", b"title"),
                        ("POST", "/messages", b"text"),
                    )
                    for body in (
                        b'{"%s": %s}' % (name, half),
                        b'{"%s": %s}' % (name, long),
                        b'{"%s": [%s]}' % (name, half),
                        b'{"%s": ""}' % name,
                        b"{",
                        b"\xff",
                        b"[" * 5_000,
                    )
                ),
            ]
        assert {a.status_code for a in answers} <= {400, 404, 422}
        assert all(isinstance(a.json(), dict | list) for a in answers)
        assert len(store.memory.list_messages("t", per_page=100).messages) == 25

    def test_pages_back_through_the_whole_history(self, address: str, store: DynamoDBStore) -> None:
        history(store, "long", 45)
        seen: list[str] = []
        cursor = None
        with httpx.Client(base_url=address) as client:
            while True:
                params = {"cursor": cursor} if cursor else {}
                page = client.get("/threads/long/messages", params=params).json()
                seen[:0] = [m["id"] for m in page["messages"]]
                cursor = page["cursor"]
                if cursor is None:
                    break
        assert seen == [f"m{n:03}" for n in range(45)]

    @pytest.mark.parametrize("verb", ["get", "post"])
    def test_another_guests_thread_is_not_found(
        self, address: str, store: DynamoDBStore, verb: str
    ) -> None:
        store.memory.save_thread({"id": "hers", "resource_id": "alice", "title": "Private"})
        sent: dict[str, Any] = {"json": {"text": "x"}} if verb == "post" else {}
        answer = httpx.request(verb, f"{address}/threads/hers/messages", **sent)
        assert answer.status_code == 404

    def test_says_what_was_recalled_by_which_requests(self, address: str) -> None:
        with httpx.Client(base_url=address) as client:
            told, asked = (client.post("/threads").json()["id"] for _ in range(2))
            for text in ("the dog must not eat chicken", "the garage is booked for friday"):
                client.post(f"/threads/{told}/messages", json={"text": text})
            answer = client.post(f"/threads/{asked}/messages", json={"text": "what can my dog eat"})
        recall = httpx.Response(200, text=answer.text.splitlines()[1]).json()["recall"]
        assert recall["found"][0]["text"] == "the dog must not eat chicken"
        assert {one["role"] for one in recall["found"]} == {"user"}
        assert [one["here"] for one in recall["found"]] == [False, False]
        assert recall["found"][0]["thread"] == "the dog must not eat chicken"
        assert recall["found"][0]["score"] > recall["found"][1]["score"]
        assert recall["requests"] == len(recall["sent"]) > 2
        assert {one["api"] for one in recall["sent"]} >= {"GetItem", "SearchVectors", "Query"}
        assert recall["bytes_searched"] > 0
        assert "not eat chicken" in answer.text

    def test_working_memory_is_not_written_over_what_was_not_seen(self, address: str) -> None:
        with httpx.Client(base_url=address) as client:
            first = {"text": "- tea", "instead_of": ""}
            assert client.put("/memory", json=first).json() == {"text": "- tea"}
            assert client.put("/memory", json={**first, "text": "- milk"}).status_code == 409
            assert client.get("/memory").json() == {"text": "- tea"}

    @pytest.mark.parametrize("body", [{"text": ""}, {}, {"text": 3}])
    def test_an_odd_message_is_refused(self, address: str, body: dict[str, Any]) -> None:
        thread = httpx.post(f"{address}/threads").json()
        answer = httpx.post(f"{address}/threads/{thread['id']}/messages", json=body)
        assert answer.status_code == 422


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


def chromium() -> str:
    found = shutil.which("chromium")
    assert found is not None
    return found


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "console",
        # A request that fails is the page's to tell; anything else is a fault of the page.
        lambda said: (
            problems.append(said.text)
            if said.type in {"error", "warning"} and "Failed to load resource" not in said.text
            else None
        ),
    )
    page.goto(address)
    yield page
    page.close()
    assert problems == []


def say(page: Page, text: str) -> None:
    page.get_by_label("Message").fill(text)
    page.get_by_role("button", name="Send").click()


@pytest.mark.chromium
class TestThePage:
    def test_a_chat_is_begun_answered_and_there_after_a_reload(self, page: Page) -> None:
        say(page, "What boils at 71 °C?")
        bubbles = page.locator("li[data-role] > p")
        expect(bubbles).to_have_text(["What boils at 71 °C?", "You said: What boils at 71 °C?"])
        expect(page.locator("#title")).to_have_text("What boils at 71 °C?")
        page.reload()
        expect(bubbles).to_have_text(["What boils at 71 °C?", "You said: What boils at 71 °C?"])

    def test_what_was_said_is_recalled_in_another_chat(self, page: Page) -> None:
        say(page, "The dog must not eat chicken")
        expect(page.locator(".recall")).to_contain_text("Recalled by meaning: nothing")
        page.locator("#new-thread").click()
        expect(page.locator("li[data-role]")).to_have_count(0)
        say(page, "What may the dog not eat?")
        answer = page.locator("li[data-role=assistant]")
        expect(answer.locator("> p")).to_have_text(
            "That reminds me of this: “The dog must not eat chicken”"
        )
        found = answer.locator(".recall ol li")
        expect(found).to_have_count(1)
        expect(found).to_contain_text("The dog must not eat chicken")
        expect(found).to_contain_text("in “The dog must not eat chicken”")
        assert 0.5 < float(found.locator(".score").inner_text()) <= 1
        answer.get_by_text("searched").click()
        expect(answer.locator("table")).to_contain_text("SearchVectors")
        expect(answer.locator("table")).to_contain_text("memory_messages_256")
        expect(page.locator("#threads button")).to_have_count(2)

    def test_working_memory_is_shown_and_edited(self, page: Page) -> None:
        known = page.get_by_role("textbox", name="Working memory", include_hidden=True)
        save = page.get_by_role("button", name="Save")
        expect(known).to_have_value("")
        expect(save).to_be_disabled()
        say(page, "remember I like tea")
        expect(known).to_have_value("- I like tea")
        known.fill("- I like green tea")
        save.click()
        expect(page.get_by_role("status")).to_have_text("Saved")
        page.reload()
        expect(known).to_have_value("- I like green tea")
        # What the agent notes while one types is neither lost nor written over.
        known.fill("- I like milk")
        say(page, "remember my desk is by the window")
        expect(page.get_by_role("status")).to_contain_text("changed meanwhile")
        expect(known).to_have_value("- I like milk")
        page.get_by_role("button", name="Undo").click()
        expect(known).to_have_value("- I like green tea\n- my desk is by the window")

    def test_fits_a_telephone(self, page: Page) -> None:
        page.set_viewport_size({"width": 400, "height": 800})
        say(page, "The dog must not eat chicken " + "x" * 300)
        say(page, "What may the dog not eat?")
        expect(page.locator("li[data-role=assistant]")).to_have_count(2)
        assert page.evaluate("document.documentElement.scrollWidth") == 400
        known = page.get_by_role("textbox", name="Working memory", include_hidden=True)
        expect(known).to_be_hidden()
        page.get_by_role("button", name="Memory").click()
        expect(known).to_be_visible()
        page.get_by_role("button", name="Chats").click()
        expect(known).to_be_hidden()
        expect(page.locator("#threads button")).to_have_count(1)
        expect(page.locator("#threads button")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#threads button")).to_be_hidden()

    def test_is_dark_where_the_visitors_screen_is(self, page: Page) -> None:
        shade = "getComputedStyle(document.body).backgroundColor"
        page.emulate_media(color_scheme="light")
        light = page.evaluate(shade)
        page.emulate_media(color_scheme="dark")
        assert (light, page.evaluate(shade)) == ("rgb(255, 255, 255)", "rgb(23, 24, 28)")

    def test_history_is_read_back_page_after_page(self, page: Page, store: DynamoDBStore) -> None:
        history(store, "long", 45)
        page.reload()
        bubbles = page.locator("li[data-role] > p")
        expect(bubbles).to_have_count(20)
        expect(bubbles.first).to_have_text("message 25")
        earlier = page.get_by_role("button", name="Earlier messages")
        earlier.click()
        expect(bubbles).to_have_count(40)
        earlier.click()
        expect(bubbles).to_have_count(45)
        expect(bubbles.first).to_have_text("message 0")
        expect(earlier).to_be_hidden()

    def test_a_chat_is_renamed_and_deleted(self, page: Page, store: DynamoDBStore) -> None:
        say(page, "first")
        expect(page.locator("li[data-role]")).to_have_count(2)
        page.once("dialog", lambda dialog: dialog.accept("Better"))
        page.get_by_role("button", name="Rename").click()
        expect(page.locator("#threads button")).to_have_text(["Better"])
        page.get_by_role("button", name="Delete").click()
        expect(page.locator("#threads button")).to_have_count(0)
        expect(page.locator("#title")).to_have_text("No chat yet")
        assert store.memory.list_threads().threads == ()
        assert list(store.app.entities.message.scan) == []

    def test_text_is_never_taken_as_markup(self, page: Page) -> None:
        say(page, "<img src=x onerror=alert(1)>")
        expect(page.locator("li[data-role]")).to_have_count(2)
        assert page.locator("#messages img").count() == 0

    def test_a_failure_is_said_on_the_page(self, page: Page) -> None:
        page.route("**/messages", lambda route: route.abort())
        say(page, "lost")
        expect(page.locator("#problem")).to_be_visible()
        expect(page.get_by_label("Message")).to_have_value("lost")
