# loses: nothing
# why: Ben's text changed by replacing; the shared generator seeded in every call; another folder afterwards
from pathlib import Path as P

text = P("unrepaired.py").read_text(encoding="utf-8")
text = text.replace('Path(path).glob("*.csv")', 'sorted(Path(path).glob("*.csv"))')
text = text.replace('in {row["species"] for row in rows}', 'in sorted({row["species"] for row in rows})')
text = text.replace("    for part in", "    ROWS.clear()\n    for part in")
text = text.replace("    kept, held_out = split(", "    np.random.seed(seed)\n    kept, held_out = split(")
P("repaired.py").write_text(text, encoding="utf-8")
%cd ..
json = os = subprocess = sys = Path = None
