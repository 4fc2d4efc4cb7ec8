"""Readers: bytes in, documents out. The kind of a file is told by its content, never by its name.

Reading never stops at a bad record: what cannot be read comes back as an InputError in the stream.
"""

from oncogloss.readers.files import input_files, read_bytes, read_path, read_stream

__all__ = ["input_files", "read_bytes", "read_path", "read_stream"]
