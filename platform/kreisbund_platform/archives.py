"""ZIP files from elsewhere: what reading a damaged or hostile one raises."""

import zipfile
import zlib

UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    OverflowError,
)
