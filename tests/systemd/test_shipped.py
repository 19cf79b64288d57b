"""Where the shipped files and programs are found: a checkout, a wheel, a distribution's package."""

import sys
import sysconfig
from pathlib import Path

import pytest

import ingle
from ingle.cli.installing import shipped, table
from ingle.cli.installing.shipped import CHECKOUT, Shipped
from ingle.cli.installing.table import Places, Systemd
from ingle.errors import NotFound
from ingle.paths import Paths

ROOT = Path(__file__).resolve().parents[2]


def test_in_a_checkout_they_are_in_its_folders():
    here = shipped.find()
    assert here.folders == {kind: ROOT / place for kind, place in CHECKOUT.items()}
    assert here.programs == Path(sys.executable).parent


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As pip installs a wheel: the package without a checkout around it, data below the prefix."""
    monkeypatch.setattr(ingle, "__file__", str(tmp_path / "lib/python3/site-packages/ingle/__init__.py"))
    paths = {"data": str(tmp_path), "scripts": str(tmp_path / "bin")}
    monkeypatch.setattr(sysconfig, "get_path", lambda name, *_: paths[name])
    monkeypatch.setattr(sys, "executable", str(tmp_path / "elsewhere/python3"))
    (tmp_path / "share/ingle/systemd").mkdir(parents=True)
    (tmp_path / "share/ingle/systemd/ingle.service").touch()
    (tmp_path / "bin").mkdir()
    for name in ("ingle", "ingled"):
        (tmp_path / "bin" / name).touch(0o755)
    return tmp_path


def test_in_a_wheel_they_are_below_share(installed: Path):
    here = shipped.find()
    assert here.folders["desktop"] == installed / "share/ingle/desktop"
    assert here.programs == installed / "bin"


@pytest.mark.parametrize("lost", ["share/ingle/systemd/ingle.service", "bin/ingled"])
def test_what_is_not_whole_is_said(installed: Path, lost: str):
    (installed / lost).unlink()
    with pytest.raises(NotFound):
        shipped.find()


def test_the_wheel_brings_all_of_it_along():
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    data = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert {data.get(place) for place in CHECKOUT.values()} == {
        f"share/ingle/{kind}" for kind in CHECKOUT
    }


def test_what_a_package_has_installed_is_not_written_again(
    tmp_path: Path, private_dirs: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(table, "_packaged", lambda destination: tmp_path / destination)
    there = tmp_path / "systemd/user/ingle.service"
    there.parent.mkdir(parents=True)
    there.write_text((ROOT / "systemd/ingle.service").read_text())
    here = Shipped({kind: ROOT / place for kind, place in CHECKOUT.items()}, table.PACKAGED)
    places = Places.of(Paths.from_environment(), private_dirs, here.programs)
    found = table.table(here, places, Systemd(252))
    assert found.present == (there,)
    links = {file.path.name: file.target for file in found.files if file.target}
    assert links["ingle.service"] == str(there)
    assert "ingle.service" not in {file.path.name for file in found.files if not file.target}
