"""Draw the four places of DVC and the commands between them; `python resources/draw_places.py` writes the pictures."""

from pathlib import Path

# Place: (left edge, title, what is there, where it is)
PLACES = {
    "git": (20, "Git", "pointer file, code", ".git, then the Git server"),
    "files": (285, "working files", "the data as you use it", "data/penguins.csv"),
    "cache": (550, "DVC's cache", "every version's bytes", ".dvc/cache"),
    "remote": (815, "DVC's remote", "the same bytes, shared", "s3://…, ssh://…, a folder"),
}
WIDTH, TOP, HEIGHT = 165, 130, 90

# Command: (from, to, height of its line)
ARROWS = {
    "git add, git commit": ("files", "git", 70),
    "git checkout": ("git", "files", 280),
    "dvc add": ("files", "cache", 70),
    "dvc checkout": ("cache", "files", 280),
    "dvc push": ("cache", "remote", 70),
    "dvc fetch": ("remote", "cache", 280),
    "dvc pull": ("remote", "files", 330),
}

LIT = {
    "keep": ("dvc add", "git add, git commit"),
    "back": ("git checkout", "dvc checkout"),
    "share": ("dvc push", "dvc fetch", "dvc checkout", "dvc pull"),
}


def arrow(command: str, lit: bool) -> str:
    """Draw an arrow that leaves a place, runs along a line above or below all places, and ends at another."""
    start, end, y = ARROWS[command]
    rightwards = PLACES[start][0] < PLACES[end][0]
    spread = 18 if command == "dvc pull" else 45
    x1, x2 = (PLACES[place][0] + WIDTH / 2 for place in (start, end))
    x1, x2 = (x1 + spread, x2 - spread) if rightwards else (x1 - spread, x2 + spread)
    edge, tip = (TOP, TOP - 8) if y < TOP else (TOP + HEIGHT, TOP + HEIGHT + 8)
    colour, width, weight = ("#0072B2", 4, "bold") if lit else ("#767676", 1.5, "normal")
    dash = "" if lit else ' stroke-dasharray="5 4"'
    points = f"{tip_triangle(x2, edge)}"
    return (
        f'<path d="M{x1:g},{edge} V{y} H{x2:g} V{tip}" fill="none" stroke="{colour}" stroke-width="{width}"{dash}/>'
        f'<polygon points="{points}" fill="{colour}"/>'
        f'<text x="{(x1 + x2) / 2:g}" y="{y - 9}" text-anchor="middle" fill="{colour}" font-weight="{weight}"'
        f' font-family="monospace">{command}</text>'
    )


def tip_triangle(x: float, edge: float) -> str:
    """Give the corners of an arrow's tip that touches a place's edge."""
    away = -14 if edge == TOP else 14
    return f"{x:g},{edge} {x - 7:g},{edge + away} {x + 7:g},{edge + away}"


def picture(lit: tuple[str, ...]) -> str:
    """Draw all places and arrows; those of the commands that are lit are thick and blue."""
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 350" font-family="sans-serif" font-size="15">',
        '<rect width="1000" height="350" fill="white"/>',
    ]
    for x, title, holds, where in PLACES.values():
        middle = x + WIDTH / 2
        parts.append(
            f'<rect x="{x}" y="{TOP}" width="{WIDTH}" height="{HEIGHT}" rx="8" fill="#EAF3FA" stroke="#0072B2"/>'
            f'<text x="{middle:g}" y="{TOP + 28}" text-anchor="middle" font-weight="bold">{title}</text>'
            f'<text x="{middle:g}" y="{TOP + 52}" text-anchor="middle" font-size="14">{holds}</text>'
            f'<text x="{middle:g}" y="{TOP + 74}" text-anchor="middle" font-size="12" fill="#444444">{where}</text>'
        )
    ordered = sorted(ARROWS, key=lambda command: command in lit)  # lit ones lie on top
    parts += [arrow(command, command in lit) for command in ordered]
    return "\n".join([*parts, "</svg>"]) + "\n"


def pictures() -> dict[str, str]:
    """Give every picture by its file's name."""
    return {f"dvc_places_{name}.svg": picture(lit) for name, lit in LIT.items()}


if __name__ == "__main__":
    for name, svg in pictures().items():
        (Path(__file__).parent / name).write_text(svg, encoding="utf-8", newline="\n")
