"""List the license of every package that the app installs: `python -m scripts.licenses [requirements.txt]`.

Direct requirements and all that they need in turn, as installed here. The last line names those that somebody should
look at before the app is passed on: no license named, one that would oblige the app's own code (GPL, AGPL), or a
proprietary one, as NVIDIA's libraries have, which torch's CPU build does without.
"""

import argparse
import re
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
UNKNOWN = "not named"


@dataclass(frozen=True, order=True)
class Package:
    """An installed package.

    Attributes:
        direct: whether a requirements file names it.
    """

    name: str
    version: str
    license: str
    direct: bool

    @property
    def doubtful(self) -> bool:
        """Whether somebody should look at its license before it is shipped."""
        strict = re.search(r"\bA?GPL|GNU (Affero )?General Public|proprietary", self.license, re.IGNORECASE)
        return self.license == UNKNOWN or bool(strict and not re.search(r"exception| or ", self.license, re.IGNORECASE))


def required(file: Path) -> list[str]:
    """Names of the packages that a requirements file asks for, with those of the files that it includes."""
    names = []
    for line in file.read_text(encoding="utf-8").splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            names += required(file.parent / text[3:].strip())
        elif text and not text.startswith("-"):
            names.append(Requirement(text).name)
    return names


def packages(direct: list[str]) -> list[Package]:
    """These packages and all that they need here, by name; what is not installed on this machine is left out."""
    found: dict[str, Package] = {}
    waiting = [(name, True) for name in direct]
    while waiting:
        name, is_direct = waiting.pop(0)
        key = re.sub(r"[-_.]+", "-", name).lower()
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if key not in found:
            found[key] = Package(key, installed.version, license_of(installed), is_direct)
            needs = (Requirement(text) for text in installed.requires or ())
            waiting += [(need.name, False) for need in needs if not need.marker or need.marker.evaluate({"extra": ""})]
    return sorted(found.values())


def license_of(installed: Distribution) -> str:
    """A package's license in few words, from wherever its metadata say it."""
    metadata = installed.metadata
    classified = [
        value.rpartition(" :: ")[2] for value in metadata.get_all("Classifier", ()) if value.startswith("License ::")
    ]
    for stated in (metadata.get("License-Expression"), ", ".join(classified), metadata.get("License")):
        if stated and stated.strip() not in ("", "UNKNOWN", "OSI Approved"):
            return stated.strip().splitlines()[0][:60]
    return _read_file(installed)


def _read_file(installed: Distribution) -> str:
    for file in installed.files or ():
        if re.match(r"licen[cs]e", file.name, re.IGNORECASE):
            text = file.read_text(encoding="utf-8")[:3000]
            for name, sign in (("MIT", "MIT License"), ("BSD", "Redistribution and use"), ("Apache", "Apache License")):
                if sign in text:
                    return f"license file: {name}"
    return UNKNOWN


def main() -> None:
    """Print the list."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=ROOT / "requirements.txt")
    found = packages(required(parser.parse_args().file))
    for package in found:
        print(f"{package.name:32} {package.version:16} {'direct' if package.direct else '':7} {package.license}")
    doubtful = [package.name for package in found if package.doubtful]
    print(f"{len(found)} packages; to be looked at: {', '.join(doubtful) or 'none'}")


if __name__ == "__main__":
    main()
