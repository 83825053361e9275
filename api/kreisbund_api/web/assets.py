"""Styles, fonts and our script: copied once at set-up under names with their content's hash, served for a year.

`python -m kreisbund_api.web.assets <node_home> <assets_home>` takes KERN (npm `@kern-ux/native`, EUPL-1.2) from
`<node_home>/node_modules`; without it the pages stand on our own stylesheet alone.
"""

import gzip
import hashlib
import io
import json
import sys
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

WEB = Path(__file__).parent
OWN = {"kreisbund.css": WEB / "styles" / "kreisbund.css", "autosave.js": WEB / "scripts" / "autosave.js"}
KERN = Path("node_modules/@kern-ux/native/dist")
WEIGHTS = {400: "Regular", 500: "Medium", 600: "SemiBold"}
PUNCTUATION = (0x2013, 0x2014, 0x2018, 0x2019, 0x201A, 0x201C, 0x201D, 0x201E, 0x2022, 0x2026, 0x20AC)
LATIN = [*range(0x20, 0x180), *range(0x218, 0x21C), 0x1E9E, *PUNCTUATION]
MANIFEST = "manifest.json"
MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "woff2": "font/woff2",
}
A_YEAR = "public, max-age=31536000, immutable"


def build(node_home: Path, assets_home: Path) -> dict[str, str]:
    """Fills `assets_home`; answers the manifest (plain name → hashed name)."""
    assets_home.mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    kern = node_home / KERN
    if (kern / "kern.min.css").is_file():
        faces = "".join(_face(kern, assets_home, manifest, weight, name) for weight, name in WEIGHTS.items())
        _store(assets_home, manifest, "kern.css", (kern / "kern.min.css").read_bytes() + faces.encode())
    for name, file in OWN.items():
        _store(assets_home, manifest, name, file.read_bytes())
    (assets_home / MANIFEST).write_text(json.dumps(manifest, indent=1))
    return manifest


def _face(kern: Path, assets_home: Path, manifest: dict[str, str], weight: int, name: str) -> str:
    content = _latin(kern / "fonts/fira-sans" / f"FiraSans-{name}.woff2")
    hashed = _store(assets_home, manifest, f"fira-sans-{weight}.woff2", content)
    return (
        f'@font-face{{font-family:"Fira Sans";font-weight:{weight};font-display:swap;'
        f'src:url("/assets/{hashed}") format("woff2")}}'
    )


def _latin(font_file: Path) -> bytes:
    """The font with Latin letters only: about a sixth of its size. Where fontTools is missing, the whole font."""
    if find_spec("fontTools") is None or find_spec("brotli") is None:
        return font_file.read_bytes()
    subset = import_module("fontTools.subset")  # needed at set-up only
    options = subset.Options(flavor="woff2", layout_features=["kern", "liga"])
    font = subset.load_font(str(font_file), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=LATIN)
    subsetter.subset(font)
    written = io.BytesIO()
    subset.save_font(font, written, options)
    return written.getvalue()


def _store(assets_home: Path, manifest: dict[str, str], name: str, content: bytes) -> str:
    stem, _dot, ending = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
    (assets_home / hashed).write_bytes(content)
    if ending == "css":
        (assets_home / f"{hashed}.gz").write_bytes(gzip.compress(content, 9, mtime=0))
    manifest[name] = hashed
    return hashed


@lru_cache(maxsize=8)
def _manifest(assets_home: Path, _changed: float) -> dict[str, str]:
    known: dict[str, str] = json.loads((assets_home / MANIFEST).read_text())
    return known


def manifest_of(home: Path) -> dict[str, str]:
    """What `<home>/assets` holds; empty before set-up."""
    try:
        return _manifest(home / "assets", (home / "assets" / MANIFEST).stat().st_mtime)
    except FileNotFoundError:
        return {}


def address(home: Path) -> Callable[[str], str | None]:
    """A function from a plain name to the address pages link to; None for KERN where it is missing."""
    known = manifest_of(home)

    def find(name: str) -> str | None:
        if name in known:
            return f"/assets/{known[name]}"
        return f"/assets/{name}" if name in OWN else None

    return find


def install(app: Starlette, home: Path) -> None:
    """Serves `/assets/…`: hashed names for a year, plain names for the moment."""

    async def serve(request: Request) -> Response:
        return _answer(home, request.path_params["name"], "gzip" in request.headers.get("accept-encoding", ""))

    app.add_route("/assets/{name}", serve, ["GET", "HEAD"])


def _answer(home: Path, name: str, packed: bool) -> Response:
    known = manifest_of(home)
    hashed = name if name in known.values() else known.get(name)
    found = home / "assets" / hashed if hashed else OWN.get(name)
    if found is None or not found.is_file():
        return Response(status_code=404)
    headers = {"Cache-Control": A_YEAR if name == hashed else "no-cache", "Vary": "Accept-Encoding"}
    squeezed = found.with_name(found.name + ".gz")
    if packed and squeezed.is_file():
        found, headers["Content-Encoding"] = squeezed, "gzip"
    return Response(found.read_bytes(), headers=headers, media_type=MEDIA_TYPES[name.rpartition(".")[2]])


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
