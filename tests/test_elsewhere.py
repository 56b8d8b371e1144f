"""A store elsewhere: what is made is sent, what is there is fetched, what is damaged is noticed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from selftranslate import carrying, elsewhere, journal, live
from selftranslate.archive import RESULT, Archive
from selftranslate.elsewhere import Elsewhere, local
from selftranslate.engines import Completion
from selftranslate.errors import DataError, DiskError, RecipeError
from selftranslate.experiment import Experiment
from selftranslate.failpoints import VARIABLE
from selftranslate.progress import Silent
from selftranslate.sealed import MANIFEST
from selftranslate.store import Store
from selftranslate.translate import memory, shared
from selftranslate.translate.memory import Asked, Effort, Limits, Memory

_numbers = count()


class Far:
    """One URL, and a machine for each name: each has its own working copy."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.url = f"s3://bucket/{next(_numbers)}/store"
        self.folder = folder
        self._patch = patch

    def on(self, machine: str) -> Path:
        self._patch.setenv(elsewhere.CACHE, str(self.folder / machine))
        return local(self.url)

    @property
    def there(self) -> Elsewhere:
        found = elsewhere.at(self.on("whoever looks"))
        assert found is not None
        return found

    def names(self, place: str = "") -> set[str]:
        return set(self.there.files(place))


@pytest.fixture
def far(s3: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    for name, value in s3.items():
        monkeypatch.setenv(name, value)
    return Far(tmp_path, monkeypatch)


def two(folder: Path) -> None:
    (folder / "one.txt").write_text("1")
    (folder / "in").mkdir()
    (folder / "in" / "two.txt").write_text("2")


def never(folder: Path) -> None:
    pytest.fail("made again")


def test_what_one_machine_made_another_finds(far: Far) -> None:
    said: list[str] = []
    made = Store(far.on("a"), said.append).make("stage", {"a": 1}, [], two)
    files = {f"{made.name}/{name}" for name in ("one.txt", "in/two.txt", MANIFEST)}
    assert far.names() == {*files, elsewhere.PLATE}
    assert len(said) == 1 and "no locks" in said[0]
    other = Store(far.on("b"))
    found = other.make("stage", {"a": 1}, [], never)
    assert found.path.is_relative_to(far.folder / "b") and other.made == []
    assert (found.path / "in" / "two.txt").read_text() == "2"
    assert Store(far.on("c")).get(*made.name.split("/")).json(MANIFEST) == made.json(MANIFEST)


def test_a_name_that_is_nowhere_is_an_error_with_the_url(far: Far) -> None:
    with pytest.raises(DataError, match=f"^{far.url}/stage/{'0' * 16}: missing; run"):
        Store(far.on("a")).get("stage", "0" * 16)
    store = Store(far.on("a"))
    assert not store.has("stage", {}, [])
    store.make("stage", {}, [], two)
    other = Store(far.on("b"))
    assert other.has("stage", {}, []) and not (other.root / "stage").exists()


def test_a_store_that_was_emptied_gets_what_is_here(far: Far) -> None:
    made = Store(far.on("a")).make("stage", {}, [], two)
    far.there.remove(made.name, [MANIFEST])
    elsewhere._at.cache_clear()  # another process
    assert Store(far.on("a")).make("stage", {}, [], never) == made
    assert f"{made.name}/{MANIFEST}" in far.names()


@pytest.mark.parametrize("harm", ["flip", "remove", "manifest", "escape"])
def test_what_is_damaged_there_is_noticed_made_again_and_sent(far: Far, harm: str) -> None:
    made = Store(far.on("a")).make("stage", {}, [], two)
    if harm == "flip":
        far.there.write(f"{made.name}/one.txt", b"x")
    elif harm == "remove":
        far.there.remove(made.name, ["in/two.txt"])
    elif harm == "manifest":
        far.there.write(f"{made.name}/{MANIFEST}", b"{")
    else:
        files = {"files": {"../../../escaped.txt": "0"}}
        far.there.write(f"{made.name}/{MANIFEST}", json.dumps(files).encode())
        far.there.write(f"{made.name}/../../../escaped.txt", b"x")
    said: list[str] = []
    other = Store(far.on("b"), said.append)
    assert (other.make("stage", {}, [], two).path / "one.txt").read_text() == "1"
    assert other.damaged and f"{far.url}/{made.name}: damaged" in said[0]
    assert not list(far.folder.rglob("escaped.txt"))
    assert Store(far.on("c")).make("stage", {}, [], never).json(MANIFEST) == made.json(MANIFEST)


PROGRAM = """
import sys
from selftranslate.elsewhere import local
from selftranslate.store import Store
made = Store(local(sys.argv[1])).make("stage", {}, [], lambda f: (f / "one.txt").write_text("1"))
"""


@pytest.mark.parametrize(
    ("place", "left"), [("stage.published", set()), ("send.manifest", {"one.txt"})]
)
def test_killed_while_it_sends_the_next_process_sends_it(
    far: Far, monkeypatch: pytest.MonkeyPatch, place: str, left: set[str]
) -> None:
    root = far.on("a")
    monkeypatch.setenv(VARIABLE, f"{place}:1:kill")
    ran = subprocess.run([sys.executable, "-c", PROGRAM, far.url], check=False)
    monkeypatch.delenv(VARIABLE)
    assert ran.returncode == -9
    assert {name.rpartition("/")[2] for name in far.names("stage")} == left
    found = Store(root).make("stage", {}, [], never)
    assert far.names("stage") == {f"{found.key}/one.txt", f"{found.key}/{MANIFEST}"}


ASKED = Asked("engine", "prefix", "`", "en", "de")
LIMITS = Limits(99)


def add(root: Path, *texts: str) -> None:
    with memory.open_(root) as kept:
        for text in texts:
            made = Completion(
                index=0, text=text.upper(), ended="fence", log_probability=-0.1, tokens=3
            )
            kept.add(ASKED, text, LIMITS, made, Effort(0.5, 1))


def known(root: Path) -> dict[str, str]:
    with Memory(root / memory.FILE) as kept:
        return dict(kept.rows("SELECT text, completion FROM completions"))


def test_machines_share_a_translation_memory(far: Far) -> None:
    a, b = far.on("a"), far.on("b")
    add(a, "one", "zwei\u2028 \U0001f600")
    shared.send(a / memory.FILE)
    add(b, "three")
    assert known(b) == {
        "one": "ONE",
        "zwei\u2028 \U0001f600": "ZWEI\u2028 \U0001f600",
        "three": "THREE",
    }
    shared.send(b / memory.FILE)
    with memory.open_(a) as kept:
        found = kept.find(ASKED, "three", LIMITS)
        assert found is not None and (found.text, found.log_probability) == ("THREE", -0.1)
    before = far.names(shared.FOLDER)
    assert len(before) == 2, "each sends its own alone"
    for root in (a, b):
        shared.send(root / memory.FILE)
        shared.fetch(root / memory.FILE)
    assert far.names(shared.FOLDER) == before, "nothing is sent twice"


def test_an_entry_that_waits_is_sent_though_others_came_in_between(far: Far) -> None:
    a, b = far.on("a"), far.on("b")
    add(a, "mine")
    add(b, "theirs")
    shared.send(b / memory.FILE)
    shared.fetch(a / memory.FILE)  # the process that added "mine" was killed before it sent
    shared.send(a / memory.FILE)
    assert known(far.on("c")) == {}
    shared.fetch(far.on("c") / memory.FILE)
    assert known(far.on("c")).keys() == {"mine", "theirs"}


def test_a_damaged_piece_says_nothing_and_a_pruned_memory_takes_its_place(far: Far) -> None:
    a = far.on("a")
    add(a, "one", "two")
    shared.send(a / memory.FILE)
    (name,) = far.names(shared.FOLDER)
    far.there.write(f"{shared.FOLDER}/{name}", b"no gzip")
    shared.fetch(far.on("b") / memory.FILE)
    assert known(far.on("b")) == {}
    with Memory(a / memory.FILE) as kept:
        kept.change(["DELETE FROM completions WHERE text = 'one'"])
        kept.shrink()
    shared.replace(a / memory.FILE)
    assert name not in far.names(shared.FOLDER)
    add(a, "three")
    shared.send(a / memory.FILE)
    shared.fetch(far.on("c") / memory.FILE)
    assert known(far.on("c")).keys() == {"two", "three"}


def test_journals_and_live_files_of_several_machines_stand_side_by_side(far: Far) -> None:
    about = live.About(recipe="r.yaml", task="mini", model="mini", languages=("de",))
    a, b = far.on("a"), far.on("b")
    with live.told(a, about, Silent()):
        Store(a, journal=journal.Writer(a)).make("a", {}, [], two)
        carrying.carry(a)
        (own,), (seen,) = live.read(a), live.read(b)
        assert own.state == "running"
        assert seen.state == "unknown", "nobody sees whether a process of another machine lives"
    with carrying.carried(b):
        Store(b, journal=journal.Writer(b)).make("b", {}, [], two)
    assert {stage for stage, _ in journal.read(a).entries} == {"a", "b"}
    assert {stage for stage, _ in journal.read(b).entries} == {"a", "b"}
    carrying.carry(a)
    assert [run.state for run in live.read(b)] == ["finished"]
    assert len(far.names(journal.FOLDER)) == 2 and len(far.names(live.FOLDER)) == 1


def test_results_are_listed_there_the_newest_first(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = far.on("a")
    keys = [Store(root).make(RESULT, {"n": n}, [], two).key for n in range(2)]
    moments = dict(zip(keys, (20.0, 10.0), strict=True))
    files = Elsewhere.files

    def dated(self: Elsewhere, place: str = "") -> Any:
        found = files(self, place).items()
        return {n: elsewhere.There(t.size, moments.get(n[:16], 0)) for n, t in found}

    monkeypatch.setattr(Elsewhere, "files", dated)
    archive = Archive(far.on("b"))
    assert [made.key for made in archive.results()] == keys
    assert not (archive.root / RESULT).exists(), "listing fetches nothing"
    assert (archive.result(keys[1][:8]).path / "one.txt").exists()
    assert archive.find(keys[0]).key == keys[0]
    with pytest.raises(DataError, match=f"^{far.url}: no artifact's key"):
        archive.find("xyz")


def test_from_python_a_url_is_a_store_too(far: Far) -> None:
    root = far.on("a")
    with pytest.raises(DataError, match=f"^{far.url}: no finished experiment"):
        Experiment.open(far.url)
    recipe = Path(__file__).parents[1] / "recipes" / "gsm8k.yaml"
    assert Experiment.from_yaml(recipe, store=far.url).runtime.store == root


def test_a_wrong_bucket_is_known_before_anything_is_made(far: Far) -> None:
    far.url = "s3://no-such-bucket/store"
    with pytest.raises(DiskError, match=r"^s3://no-such-bucket/store: .*bucket does not exist"):
        Store(far.on("a")).make("stage", {}, [], never)


def test_without_credentials_the_error_says_so(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(DiskError, match="credentials"):
        Store(far.on("a")).make("stage", {}, [], never)
    s3fs.S3FileSystem.clear_instance_cache()


def test_no_secret_is_written_down(far: Far, s3: Mapping[str, str]) -> None:
    root = far.on("a")
    with carrying.carried(root):
        Store(root, journal=journal.Writer(root)).make("stage", {}, [], two)
    text = b"".join(path.read_bytes() for path in root.rglob("*") if path.is_file())
    assert far.url.encode() in text
    assert s3["AWS_SECRET_ACCESS_KEY"].encode() not in text
    assert s3["AWS_ACCESS_KEY_ID"].encode() not in text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://me:hunter2@bucket/folder", "s3://…/folder: a store's URL holds no user"),
        ("s3://bucket/folder?key=hunter2", "no user, password, key"),
        ("simplecache::s3://bucket/folder", "kind of store"),
        ("s3://", "names no bucket"),
        ("s4://bucket/folder", "unknown kind of store 's4'. Known: abfs, file, gs"),
    ],
)
def test_a_url_that_cannot_be_a_stores_is_refused(url: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        local(url)
    assert said in str(caught.value) and "hunter2" not in str(caught.value)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(elsewhere.CACHE, str(tmp_path))
    yield tmp_path


@pytest.mark.parametrize(
    ("url", "module", "advice"),
    [
        ("s3://bucket/folder", "s3fs", "pip install 'selftranslate[s3]'"),
        ("gs://bucket/folder", "gcsfs", "pip install gcsfs"),
    ],
)
def test_a_missing_package_is_named(
    cache: Path, monkeypatch: pytest.MonkeyPatch, url: str, module: str, advice: str
) -> None:
    from fsspec.registry import _registry

    monkeypatch.delitem(_registry, url.partition(":")[0], raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RecipeError, match=f"^{url}: ") as caught:
        local(url)
    assert advice in str(caught.value) and not list(cache.iterdir())


def test_where_working_copies_are(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = local("hf://datasets/me/store@main/folder/")
    assert root.parent == cache and "me-store-main-folder" in root.name
    assert elsewhere.named(root / "a" / "b") == "hf://datasets/me/store@main/folder/a/b"
    assert elsewhere.address(root) == "hf://datasets/me/store@main/folder"
    assert local("hf://datasets/me/store@main/folder") == root
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://another")
    assert local("hf://datasets/me/store@main/folder") != root, "the same name on another server"


def test_a_folder_stays_a_folder(tmp_path: Path) -> None:
    assert local("runs") == Path("runs") == local(Path("runs"))
    assert local((tmp_path / "a b").as_uri()) == tmp_path / "a b"
    assert elsewhere.at(tmp_path) is None and elsewhere.named(tmp_path) == str(tmp_path)


def test_any_file_system_of_fsspec_will_do(cache: Path) -> None:
    made = Store(local("memory://bucket/folder")).make("stage", {}, [], two)
    shutil.rmtree(cache)
    found = Store(local("memory://bucket/folder")).make("stage", {}, [], never)
    assert found == made and (found.path / "in" / "two.txt").read_text() == "2"
