"""A small picture for demonstration uploads: coloured stripes, different for each seed."""

import hashlib
import io

from PIL import Image


def portrait(seed: str) -> bytes:
    """A PNG of 48 x 64 pixels."""
    digest = hashlib.sha256(seed.encode()).digest()
    picture = Image.new("RGB", (48, 64))
    for stripe in range(8):
        colour = (digest[stripe], digest[stripe + 8], digest[stripe + 16])
        picture.paste(colour, (0, stripe * 8, 48, stripe * 8 + 8))
    content = io.BytesIO()
    picture.save(content, "PNG")
    return content.getvalue()
