"""The example services answer the questions that their pages list, on the embedded engine."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

import leyden
from leyden.engine import LocalEngine
from leyden.schema import check_service

EXAMPLES: Final = Path(__file__).resolve().parents[2] / "examples"
START: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
_tables = itertools.count(1)


@pytest.fixture(scope="module")
def running() -> Iterator[LocalEngine]:
    with leyden.local() as engine:
        yield engine


def _filled(running: LocalEngine, name: str, items: dict[str, list[dict[str, Any]]]) -> Any:
    app = leyden.load(EXAMPLES / name, table=f"{name}-{next(_tables)}", engine=running)
    app.create_table()
    for alias, rows in items.items():
        for row in rows:
            app.entities[alias].create(**row).go()
    return app


@pytest.mark.parametrize(
    "folder",
    sorted({schema.parent for schema in EXAMPLES.glob("*/*.yaml")}),
    ids=lambda folder: folder.name,
)
def test_an_example_has_no_faults_and_lists_what_it_answers(folder: Path) -> None:
    result = check_service(folder)
    assert result.faults == ()
    assert result.service is not None
    page = (folder / "README.md").read_text(encoding="utf-8")
    spec = result.service
    known = {f"{alias}.query.{name}" for alias, e in spec.entities.items() for name in e.indexes}
    known |= {
        f"app.collections.{name}"
        for entity in spec.entities.values()
        for index in entity.indexes.values()
        for name in index.collection
    }
    named = set(re.findall(r"`((?:app\.collections|\w+\.query)\.\w+)\(", page))
    assert named
    assert named <= known


# the library

EMMA, PERSUASION, FRANKENSTEIN = "978-0-1", "978-0-2", "978-0-3"
AUSTEN: Final = {"last_name": "Austen", "first_name": "Jane"}
SHELLEY: Final = {"last_name": "Shelley", "first_name": "Mary"}


def _copy(isbn: str, copy: str, title: str, author: dict[str, str], date: str) -> dict[str, Any]:
    return {"isbn": isbn, "copy_id": copy, "title": title, "release_date": date, **author}


@pytest.fixture
def library(running: LocalEngine) -> Any:
    return _filled(
        running,
        "library",
        {
            "author": [
                {**AUSTEN, "birthday": "1775-12-16"},
                SHELLEY,
                {"last_name": "Shelley", "first_name": "Percy"},
            ],
            "book": [
                {
                    **_copy(EMMA, "c1", "Emma", AUSTEN, "1815-12-23"),
                    "member_id": "m1",
                    "loan_end": "2026-02-01",
                },
                _copy(EMMA, "c2", "Emma", AUSTEN, "1815-12-23"),
                {
                    **_copy(PERSUASION, "c3", "Persuasion", AUSTEN, "1817-12-20"),
                    "member_id": "m1",
                    "loan_end": "2026-04-01",
                },
                _copy(FRANKENSTEIN, "c4", "Frankenstein", SHELLEY, "1818-01-01"),
            ],
            "genre": [
                {"isbn": isbn, "genre": "novel", "subgenre": subgenre, "title": title}
                for isbn, subgenre, title in (
                    (EMMA, "comedy", "Emma"),
                    (PERSUASION, "romance", "Persuasion"),
                    (FRANKENSTEIN, "gothic", "Frankenstein"),
                )
            ],
            "member": [{"member_id": "m1", "name": "Ada"}, {"member_id": "m2", "name": "Bo"}],
        },
    )


def test_an_edition_has_its_copies_and_genres(library: Any) -> None:
    copies = library.entities.book.query.copies(isbn=EMMA).go()
    assert [book.copy_id for book in copies] == ["c1", "c2"]
    edition = library.collections.edition(isbn=EMMA).go()
    assert [book.copy_id for book in edition.book] == ["c1", "c2"]
    assert [genre.subgenre for genre in edition.genre] == ["comedy"]


def test_authors_are_found_by_last_name_and_by_the_beginning_of_the_first(library: Any) -> None:
    writer = library.entities.author.query.writer
    assert [a.first_name for a in writer(last_name="Shelley").go()] == ["Mary", "Percy"]
    begun = writer(last_name="Shelley").begins(first_name="M").go()
    assert [author.first_name for author in begun] == ["Mary"]


def test_works_give_the_author_and_the_books_in_one_order(library: Any) -> None:
    works = library.collections.works(**AUSTEN).go()
    assert [author.birthday for author in works.author] == ["1775-12-16"]
    assert [book.title for book in works.book] == ["Emma", "Emma", "Persuasion"]
    assert len(library.collections.works(**SHELLEY).go().items) == 2


def test_releases_are_found_by_title_beginning_and_date(library: Any) -> None:
    book = library.entities.book
    releases = book.query.releases
    assert len(releases(**AUSTEN, title="Emma").go()) == 2
    assert [b.title for b in releases(**AUSTEN).begins(title="Per").go()] == ["Persuasion"]
    later = releases(**AUSTEN).where(book.attr.release_date >= "1817-01-01").go()
    assert [b.title for b in later] == ["Persuasion"]


def test_an_account_is_the_card_and_the_loans(library: Any) -> None:
    account = library.collections.account(member_id="m1").go()
    assert [member.name for member in account.member] == ["Ada"]
    assert [book.copy_id for book in account.book] == ["c1", "c3"]
    overdue = library.entities.book.query.loans(member_id="m1").lt(loan_end="2026-03-01").go()
    assert [book.copy_id for book in overdue] == ["c1"]


def test_a_copy_is_a_loan_until_it_is_back(library: Any) -> None:
    book = library.entities.book
    copy = {"isbn": EMMA, "copy_id": "c2"}
    book.patch(**copy).set(member_id="m2", loan_end="2026-05-01").go()
    assert [b.copy_id for b in book.query.loans(member_id="m2").go()] == ["c2"]
    book.patch(**copy).remove("member_id", "loan_end").go()
    assert list(book.query.loans(member_id="m2").go()) == []
    assert book.get(**copy).go().title == "Emma"


def test_books_are_browsed_by_genre_and_subgenre(library: Any) -> None:
    categories = library.entities.genre.query.categories
    found = categories(genre="novel").go()
    assert [genre.subgenre for genre in found] == ["comedy", "gothic", "romance"]
    assert [genre.isbn for genre in categories(genre="novel", subgenre="gothic").go()] == [
        FRANKENSTEIN
    ]


# version control

ENGINE: Final = {"repo_owner": "ada", "repo_name": "engine"}


def _entry(number: int, by: str, **more: Any) -> dict[str, Any]:
    made = START + timedelta(hours=number)
    return {
        **ENGINE,
        "number": number,
        "username": by,
        "subject": f"number {number}",
        "created_at": made,
        **more,
    }


@pytest.fixture
def forge(running: LocalEngine) -> Any:
    return _filled(
        running,
        "version-control",
        {
            "user": [{"username": "ada"}, {"username": "bo", "following": {"ada"}}],
            "repository": [
                {
                    "username": "ada",
                    "repo_name": name,
                    "license": "mit",
                    "private": private,
                    "created_at": START + timedelta(days=day),
                }
                for day, (name, private) in enumerate(
                    [("engine", False), ("enigma", True), ("notes", False)]
                )
            ],
            "issue": [
                _entry(1, "bo"),
                _entry(3, "ada", status="closed"),
                _entry(10, "bo", labels={"bug"}),
            ],
            "pull_request": [
                _entry(2, "bo", reviewers=[{"username": "ada"}]),
                _entry(4, "ada", status="merged"),
            ],
            "subscription": [
                {**ENGINE, "username": "bo", "events": {"issues"}},
                {"repo_owner": "ada", "repo_name": "notes", "username": "bo"},
            ],
        },
    )


def test_an_overview_is_the_account_with_its_repositories(forge: Any) -> None:
    overview = forge.collections.overview(username="ada").go()
    assert [user.username for user in overview.user] == ["ada"]
    assert [repo.repo_name for repo in overview.repository] == ["engine", "enigma", "notes"]
    begun = forge.entities.repository.query.repositories(username="ada").begins(repo_name="en")
    assert len(begun.go()) == 2


def test_licensed_gives_public_repositories_the_newest_first(forge: Any) -> None:
    repository = forge.entities.repository
    found = repository.query.licensed(license="mit").go(order="desc")
    assert [repo.repo_name for repo in found] == ["notes", "engine"]
    repository.patch(username="ada", repo_name="notes").set(private=True).composite(
        license="mit", created_at=START + timedelta(days=2)
    ).go()
    left = repository.query.licensed(license="mit").go()
    assert [repo.repo_name for repo in left] == ["engine"]


def test_a_tracker_has_everything_of_a_repository_in_order_of_numbers(forge: Any) -> None:
    tracker = forge.collections.tracker(**ENGINE).go()
    assert [issue.number for issue in tracker.issue] == [1, 3, 10]
    assert [request.number for request in tracker.pull_request] == [2, 4]
    assert [watcher.username for watcher in tracker.subscription] == ["bo"]
    issue = forge.entities.issue
    assert issue.get(**ENGINE, number=10).go().labels == {"bug"}
    between = issue.query.numbered(**ENGINE).between({"number": 2}, {"number": 10}).go()
    assert [found.number for found in between] == [3, 10]


def test_review_lists_what_is_open_until_it_is_closed(forge: Any) -> None:
    def numbers(status: str) -> list[int]:
        review = forge.collections.review(**ENGINE, status=status).go()
        return sorted(found.number for found in review.items)

    assert numbers("open") == [1, 2, 10]
    forge.entities.issue.patch(**ENGINE, number=1).set(status="closed").go()
    assert numbers("open") == [2, 10]
    assert numbers("closed") == [1, 3]


def test_the_timeline_mixes_issues_and_pull_requests_by_time(forge: Any) -> None:
    timeline = forge.collections.timeline(**ENGINE).go(order="desc")
    assert [found.number for found in timeline.items] == [10, 4, 3, 2, 1]


def test_contributions_are_part_of_what_a_user_is_involved_in(forge: Any) -> None:
    made = forge.collections.contributions(username="bo").go()
    assert sorted(found.number for found in made.items) == [1, 2, 10]
    involved = forge.collections.involvement(username="bo").go()
    assert len(involved.issue) + len(involved.pull_request) == 3
    assert [watched.repo_name for watched in involved.subscription] == ["engine", "notes"]


def test_watchers_of_a_repository_are_found(forge: Any) -> None:
    watchers = forge.entities.subscription.query.watchers(**ENGINE).go()
    assert [watcher.username for watcher in watchers] == ["bo"]
    assert watchers.items[0].events == {"issues"}
