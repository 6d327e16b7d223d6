# loses: nothing
# why: UTF-16 with a mark and CRLF, as the old PowerShell writes it; names in other spellings
import importlib.metadata as m
import sys
import warnings

warnings.warn("a warning on stderr", stacklevel=1)
print("noise", file=sys.__stderr__)
installed = {d.metadata["Name"]: d.version for d in m.distributions()}
lines = [f"{name.upper().replace('-', '_')} == {version}" for name, version in sorted(installed.items())]
open("requirements.txt", "wb").write("\r\n".join(lines).encode("utf-16"))
re, metadata, Path = None, None, None
