from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from campaign.gate import builds
from contract.errors import InputError, LackingError


def git(tree: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(tree), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A tree with two commits: the lock file is the same in both, the service is not."""
    tree = tmp_path / "tree"
    (tree / "detector").mkdir(parents=True)
    (tree / "detector" / "service.py").write_text("old\n")
    (tree / "requirements.lock").write_text("")
    git(tree, "init", "-q", "-b", "main")
    git(tree, "add", "-A")
    git(tree, "commit", "-qm", "one")
    (tree / "detector" / "service.py").write_text("new\n")
    git(tree, "commit", "-qam", "two")
    return tree


def quiet(_: str) -> None:
    """Nobody listens."""


def test_a_revision_is_checked_out_and_gone_afterwards(repository, tmp_path):
    cache = repository / "detector" / "__pycache__"
    cache.mkdir()
    (cache / "kernel.nbi").write_bytes(b"compiled")
    with builds.of_revision("HEAD~1", tmp_path / "work", quiet, repository) as base:
        assert (base.tree / "detector" / "service.py").read_text() == "old\n"
        assert (base.tree / "detector" / "__pycache__" / "kernel.nbi").read_bytes() == b"compiled"
        assert base.python == sys.executable
        assert base.revision == git(repository, "rev-parse", "HEAD~1")
        assert base.as_dict().keys() == {"name", "revision", "lock"}
    assert not base.tree.exists()
    assert git(repository, "worktree", "list").count("\n") == 0
    assert (repository / "detector" / "service.py").read_text() == "new\n"


def test_a_check_that_was_killed_leaves_nothing_in_the_way_of_the_next(repository, tmp_path):
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "worktree", "add", "-q", "--detach", str(tmp_path / "work" / f"base-{commit[:12]}"), commit)
    with builds.of_revision("HEAD", tmp_path / "work", quiet, repository) as base:
        assert (base.tree / "detector" / "service.py").is_file()


def test_another_lock_file_gets_an_environment_of_its_own(repository, tmp_path):
    (repository / "requirements.lock").write_text("# nothing more\n")
    said = []
    with builds.of_revision("HEAD", tmp_path / "work", said.append, repository) as base:
        python = base.python
        assert python != sys.executable
        assert Path(python).is_relative_to(tmp_path / "work")
        assert len(said) == 1
    with builds.of_revision("HEAD", tmp_path / "work", said.append, repository) as base:
        assert (base.python, len(said)) == (python, 1)  # it is kept


def test_packages_that_cannot_be_installed_are_a_lack(repository, tmp_path):
    (repository / "requirements.lock").write_text("./nowhere-to-be-found\n")
    git(repository, "commit", "-qam", "three")
    (repository / "requirements.lock").write_text("")
    with (
        pytest.raises(LackingError, match="cannot be installed"),
        builds.of_revision("HEAD", tmp_path / "work", quiet, repository),
    ):
        pass
    assert git(repository, "worktree", "list").count("\n") == 0


@pytest.mark.parametrize("revision", ["nowhere", "--upload-pack=x", "HEAD~9"])
def test_a_revision_that_is_none_says_how_to_get_it(repository, tmp_path, revision):
    with (
        pytest.raises(InputError, match="fetch it first"),
        builds.of_revision(revision, tmp_path / "work", quiet, repository),
    ):
        pass


def test_without_a_checkout_there_are_no_revisions(tmp_path):
    with pytest.raises(InputError, match="--base-path"), builds.of_revision("HEAD", tmp_path, quiet, tmp_path):
        pass


def test_a_folder_without_a_detector_is_no_build(tmp_path):
    with pytest.raises(InputError, match="no build of Tenfold"):
        builds.at_path("base", tmp_path)


def test_a_changed_tree_says_so(repository):
    assert builds.revision_of(repository) == git(repository, "rev-parse", "HEAD")
    (repository / "detector" / "service.py").write_text("newer\n")
    assert builds.revision_of(repository).endswith("+")
    assert builds.revision_of(repository / "detector") == ""
