"""The list of licenses knows everything that the app installs, and what to look at."""

import pytest

from scripts.licenses import Package, packages, required
from tests.support.places import ROOT


def test_the_app_needs_nothing_whose_license_binds_its_own_code():
    direct = required(ROOT / "requirements.txt")
    found = {package.name: package for package in packages(direct)}
    assert {name for name, package in found.items() if package.direct} == {name.lower() for name in direct}
    assert {"jinja2", "sympy"} <= found.keys(), "what the requirements need in turn"
    assert not {"lightning", "pytest"} & found.keys(), "what only training and the tests need"
    assert not [package.name for package in found.values() if package.direct and package.needs_review]


def test_requirements_of_an_included_file_count():
    assert {"streamlit", "lightning"} <= set(required(ROOT / "requirements-dev.txt"))


@pytest.mark.parametrize(
    ("license", "needs_review"),
    [
        ("MIT", False),
        ("GPL-3.0-or-later", True),
        ("GNU General Public License v2", True),
        ("AGPL-3.0", True),
        ("LGPL-3.0", False),
        ("MIT OR GPL-2.0", False),
        ("GPL-3.0 WITH GCC-exception-3.1", False),
        ("LicenseRef-NVIDIA-Proprietary", True),
        ("not stated", True),
    ],
)
def test_unclear_or_binding_licenses_need_review(license, needs_review):
    assert Package("a", "1", license, True).needs_review is needs_review
