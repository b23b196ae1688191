"""Where the forge of a remote is."""

import pytest

from kubectl_rapt.adapters.forges import places
from kubectl_rapt.errors import Invalid
from kubectl_rapt.model.proposals import Address

WHERE = [
    ("https://github.com/team/config.git", "github", "https://api.github.com", "team/config"),
    ("git@github.com:team/config.git", "github", "https://api.github.com", "team/config"),
    ("ssh://git@ssh.github.com:443/team/config", "github", "https://api.github.com", "team/config"),
    ("https://git.example.com/team/config.git/", "github", "https://git.example.com/api/v3", "team/config"),
    ("ssh://git@git.example.com:2222/team/config", "gitea", "https://git.example.com/api/v1", "team/config"),
    ("http://127.0.0.1:3000/team/config", "gitea", "http://127.0.0.1:3000/api/v1", "team/config"),
    (
        "https://example.com:8443/git/team/config",
        "gitea",
        "https://example.com:8443/git/api/v1",
        "team/config",
    ),
    ("git@gitlab.com:group/sub/config.git", "gitlab", "https://gitlab.com/api/v4", "group/sub/config"),
    ("https://user:p%40ss@[::1]:8080/team/config", "gitea", "https://[::1]:8080/api/v1", "team/config"),
]


@pytest.mark.parametrize(("url", "kind", "base", "repository"), WHERE)
def test_a_remote_names_its_api(url: str, kind: str, base: str, repository: str) -> None:
    found = places.place(url)
    assert found
    api = places.api(Address(url), kind, found)
    assert f"{api.origin}{api.base}" == base
    assert places.repository(Address(url), kind, found) == repository


@pytest.mark.parametrize(
    "url",
    [
        "/srv/config.git",
        "config.git",
        "~/config",
        "file:///srv/config.git",
        "https://",
        "C:/config",
        "https://h:x/a/b",
        "https://host/a\nb/c",
        "ftp://host/a/b",
        "",
    ],
)
def test_paths_and_other_things_have_no_forge(url: str) -> None:
    assert places.place(url) is None


CONFIGURED = [
    ("gitea", "https://api.example.com", "https://api.example.com/api/v1"),
    ("gitlab", "https://example.com/gitlab/api/v4/", "https://example.com/gitlab/api/v4"),
    ("github", "https://api.github.com", "https://api.github.com"),
    ("github", "https://git.example.com", "https://git.example.com/api/v3"),
]


@pytest.mark.parametrize(("kind", "given", "base"), CONFIGURED)
def test_a_configured_api_is_taken(kind: str, given: str, base: str) -> None:
    address = Address("git@git.example.com:team/config", kind, given)
    found = places.place(address.url)
    assert found
    api = places.api(address, kind, found)
    assert f"{api.origin}{api.base}" == base


@pytest.mark.parametrize(
    "given", ["api.example.com", "ftp://h/api", "https://user:secret@h/api", "https://h:99999999"]
)
def test_what_is_no_api_is_refused_without_showing_secrets(given: str) -> None:
    address = Address("git@git.example.com:team/config", "gitea", given)
    found = places.place(address.url)
    assert found
    with pytest.raises(Invalid) as raised:
        places.api(address, "gitea", found)
    assert raised.value.code == "bad-address"
    assert "secret" not in raised.value.message


def test_a_gitlab_in_a_folder_of_its_host_is_left_out_of_the_project() -> None:
    address = Address(
        "https://example.com/gitlab/group/config", "gitlab", "https://example.com/gitlab/api/v4"
    )
    found = places.place(address.url)
    assert found
    assert places.repository(address, "gitlab", found) == "group/config"


@pytest.mark.parametrize("url", ["https://git.example.com/config", "https://git.example.com/../config"])
def test_a_path_that_is_no_repository_is_refused(url: str) -> None:
    found = places.place(url)
    assert found
    with pytest.raises(Invalid):
        places.repository(Address(url), "gitea", found)


def test_an_address_does_not_show_its_url() -> None:
    address = Address("https://robin:s3cret@git.example.com/team/config")
    assert "s3cret" not in repr(address)
    assert "s3cret" not in repr(places.place(address.url))
