"""The SD card's image: Debian, this checkout's wheel and its locked dependencies, in one file.

`PYTHONPATH=scripts python -m image.build --help`; docs/image.md tells what comes out.
"""
