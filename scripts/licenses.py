"""List the license of every package that the app installs: `python -m scripts.licenses [requirements.txt]`.

The list has the direct requirements and their dependencies, as installed in this environment. The last line names the
packages to review before the app is redistributed: those without a stated license, with a license that would bind the
app's own code (GPL, AGPL), or with a proprietary one, like NVIDIA's libraries, which torch's CPU build does not need.
"""

import argparse
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "not stated"
LICENSE_PHRASES = {"MIT": "MIT License", "BSD": "Redistribution and use", "Apache": "Apache License"}
"""What a license file of each kind contains."""

BUNDLED = {
    "av": "its wheel bundles FFmpeg with x264 and x265: the GPL applies if you pass the wheel on, in an image",
    "pillow-heif": "its wheel bundles libheif and libde265 (LGPL), and x265 (GPL), which the app does not use: the GPL "
    "applies if you pass the wheel on; without this package only HEIC photos are refused",
}
"""Packages whose wheels carry libraries under other licenses than their metadata state."""


@dataclass(frozen=True, order=True)
class Package:
    """An installed package.

    Attributes:
        name: normalized name.
        version: as installed.
        license: in a few words, or `UNKNOWN`.
        direct: whether a requirements file names it.
    """

    name: str
    version: str
    license: str
    direct: bool

    @property
    def needs_review(self) -> bool:
        """Whether its license should be reviewed before the app is redistributed."""
        strict = re.search(r"\bA?GPL|GNU (Affero )?General Public|proprietary", self.license, re.IGNORECASE)
        return self.license == UNKNOWN or bool(strict and not re.search(r"exception| or ", self.license, re.IGNORECASE))


def required(file: Path) -> list[str]:
    """Return the names of the packages in a requirements file and in the files that it includes."""
    names = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            names += required(file.parent / text[3:].strip())
        elif text and not text.startswith("-"):
            names.append(Requirement(text).name)
    return names


def packages(direct: list[str]) -> list[Package]:
    """Return these packages and their dependencies, sorted by name; packages that are not installed are left out."""
    found: dict[str, Package] = {}
    queue = [(name, True) for name in direct]
    while queue:
        name, is_direct = queue.pop(0)
        key = re.sub(r"[-_.]+", "-", name).lower()
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if key not in found:
            found[key] = Package(key, installed.version, license_of(installed), is_direct)
            needed = [Requirement(text) for text in installed.requires or ()]
            queue += [(one.name, False) for one in needed if not one.marker or one.marker.evaluate({"extra": ""})]
    return sorted(found.values())


def license_of(installed: Distribution) -> str:
    """Return a package's license in a few words, from whichever field of its metadata states it."""
    metadata = installed.metadata
    classifiers = [text for text in metadata.get_all("Classifier") or [] if text.startswith("License ::")]
    classified = ", ".join(text.rpartition(" :: ")[2] for text in classifiers)
    expression, old_field = (metadata.get_all(field) or [""] for field in ("License-Expression", "License"))
    for stated in (expression[0], classified, old_field[0]):
        if stated and stated.strip() not in ("", "UNKNOWN", "OSI Approved"):
            return stated.strip().splitlines()[0][:60]
    return _license_from_file(installed)


def _license_from_file(installed: Distribution) -> str:
    """Recognize a package's license by the text of its license file."""
    for file in installed.files or ():
        if re.match(r"licen[cs]e", file.name, re.IGNORECASE):
            text = file.read_text(encoding="utf-8")[:3000]
            for name, phrase in LICENSE_PHRASES.items():
                if phrase in text:
                    return f"license file: {name}"
    return UNKNOWN


def main() -> None:
    """Print the list."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "requirements.txt")
    found = packages(required(parser.parse_args().file))
    for package in found:
        print(f"{package.name:32} {package.version:16} {'direct' if package.direct else '':7} {package.license}")
    for package in found:
        if package.name in BUNDLED:
            print(f"note: {package.name}: {BUNDLED[package.name]}")
    to_review = [package.name for package in found if package.needs_review]
    print(f"{len(found)} packages; to review: {', '.join(to_review) or 'none'}")


if __name__ == "__main__":
    main()
