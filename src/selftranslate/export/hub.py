"""Uploading what was exported to the Hugging Face hub."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from selftranslate.errors import RecipeError, SelfTranslateError

Kind = Literal["model", "dataset"]


@dataclass(frozen=True, slots=True)
class Repository:
    """Where to upload to; a token was found, and the hub knows whose it is."""

    name: str
    kind: Kind
    private: bool

    def push(self, folder: Path) -> str:
        """Upload a folder, into a repository that is made if need be; return its address.

        Raises SelfTranslateError if the hub refuses, RecipeError if the repository is to be private
        and is not; what was written stays.
        """
        import httpx2
        from huggingface_hub import HfApi
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError

        api = HfApi()
        try:
            made = api.create_repo(
                self.name, repo_type=self.kind, private=self.private or None, exist_ok=True
            )
            self._check_private(api.repo_info(made.repo_id, repo_type=self.kind).private)
            api.upload_folder(
                folder_path=folder,
                repo_id=made.repo_id,
                repo_type=self.kind,
                commit_message="Upload with selftranslate",
            )
        except (HfHubHTTPError, HFValidationError, httpx2.HTTPError) as error:
            again = f"hf upload {self.name} {folder} --repo-type {self.kind}"
            msg = f"--push {self.name}: {_first(error)}; {folder} is written: `{again}` uploads it"
            raise SelfTranslateError(msg) from error
        return str(made)

    def _check_private(self, private: bool | None) -> None:
        """Raise RecipeError if the repository was there before, and others can read it."""
        if self.private and not private:
            msg = f"--push {self.name} --private: it is there and public; nothing was uploaded"
            raise RecipeError(msg)


def repository(name: str, kind: Kind, *, private: bool) -> Repository:
    """Make sure that an upload can be tried, before anything is written or merged.

    Raises RecipeError without a network by wish (HF_HUB_OFFLINE), without a token, with one that
    the hub does not take, or for a name that no repository can have.
    """
    import httpx2
    from huggingface_hub import HfApi, constants, get_token
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    try:
        validate_repo_id(name)
    except HFValidationError as error:
        msg = f"--push {name}: {_first(error)}; write OWNER/NAME"
        raise RecipeError(msg) from error
    if constants.is_offline_mode():
        msg = f"--push {name}: HF_HUB_OFFLINE is set, so nothing can be uploaded; unset it"
        raise RecipeError(msg)
    if get_token() is None:
        msg = f"--push {name}: no token; log in with `hf auth login`, or set HF_TOKEN"
        raise RecipeError(msg)
    try:
        HfApi().whoami()
    except (HfHubHTTPError, httpx2.HTTPError) as error:
        msg = f"--push {name}: the hub does not take the token: {_first(error)}"
        raise RecipeError(msg) from error
    return Repository(name, kind, private)


def _first(error: Exception) -> str:
    """Return the first line of what went wrong, without the token."""
    from huggingface_hub import get_token

    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    said = lines[0] if lines else type(error).__name__
    token = get_token()
    return said.replace(token, "***") if token else said
