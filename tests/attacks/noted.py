"""What has been seen on plain nbgrader stays true while nothing of it changes: then a few attacks, drawn by lot, are tried.

Trying all takes a quarter of an hour. `noted.txt` names the state in which that was done last: of the attacks, of the
course they attack, of what watches them, and of every package. As a program, this module tries all and writes the state
down if everything is as it is said to be: `python -m tests.attacks.noted`.
"""

from __future__ import annotations

import hashlib
import random
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.attacks.attack import Attack

HERE = Path(__file__).parent
NOTE = HERE / "noted.txt"
PACKAGES = HERE.parents[1] / "env" / "requirements.txt"
SOME = 20


def state(folder: Path = HERE, packages: Path = PACKAGES) -> str:
    """Name what decides about what happens on plain nbgrader."""
    files = sorted(path for path in folder.glob("*.py") if path.name not in ("noted.py", "test_attacks.py"))
    digest = hashlib.sha256(f"{sys.version_info[:2]}".encode())
    for path in [*files, packages]:
        digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def to_try(attacks: Iterable[Attack], now: str, noted: str) -> list[Attack]:
    """Choose which attacks to try on plain nbgrader: all, or some if all were tried in this state."""
    chosen = [attack for attack in attacks if attack.on_stock]
    return random.SystemRandom().sample(chosen, min(SOME, len(chosen))) if now == noted.strip() else chosen


def surprises(attacks: Iterable[Attack]) -> list[str]:
    """Try attacks; say which do not do what they are said to do."""
    from tests.attacks import stock

    found = []
    for attack, seen in stock.try_all(attacks):
        failed = seen.success(attack)
        if attack.succeeds_on_stock and failed:
            found.append(f"{attack.name}: {'; '.join(failed)}")
        elif not attack.succeeds_on_stock and not failed:
            found.append(f"{attack.name} succeeds, although {attack.why_not}")
    return found


def main() -> None:
    """Try all, and note it."""
    from tests.attacks.corpus import ATTACKS

    found = surprises(to_try(ATTACKS, state(), ""))
    if found:
        sys.exit("\n".join(found))
    NOTE.write_text(f"{state()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
