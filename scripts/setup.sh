#!/bin/sh
# Makes .venv with what requirements/NAME.lock pins, and this checkout in it: scripts/setup.sh demo|dev
set -eu
cd "$(dirname "$0")/.."
lock=requirements/$1.lock
python=${PYTHON:-python3}

fail() {
  echo "setup: $1" >&2
  exit 1
}

command -v "$python" >/dev/null || fail "no $python: install Python 3.11 or newer, or name one: make setup PYTHON=..."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
  fail "$("$python" --version) is too old: install Python 3.11 or newer and name it: make setup PYTHON=python3.11"

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  "$python" -c 'import ensurepip' 2>/dev/null || scripts/apt.sh python3-venv ||
    fail "this Python makes no environments: sudo apt install python3-venv, then again"
  rm -rf .venv
  "$python" -m venv .venv || fail "cannot make .venv: is this folder writable, and the disk not full?"
fi

# picamera2, for developers and devices alone, needs two packages that come as source only.
builds() {
  command -v gcc >/dev/null &&
    printf '#include <sys/capability.h>\n#include <Python.h>\n' |
    gcc -E -I"$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')" - >/dev/null 2>&1
}
if [ "$1" = dev ] && ! builds; then
  scripts/apt.sh gcc libc6-dev libcap-dev python3-dev || true
  builds || fail "no C compiler with the headers of Python and libcap: sudo apt install gcc libc6-dev libcap-dev python3-dev, then again"
fi

pip() {
  .venv/bin/python -m pip "$@" --quiet --disable-pip-version-check --no-input
}

# Hashes cover what builds, too: the build tools come first, and no build fetches its own.
pip install --require-hashes -r requirements/build.lock ||
  fail "cannot install the build tools: is the package index reachable?"
pip install --require-hashes --no-build-isolation --use-pep517 -r "$lock" ||
  fail "cannot install $lock: pip says why above"
PYTHONWARNINGS=ignore pip install --no-deps --no-build-isolation --editable .
.venv/bin/python -m pip check >/dev/null || .venv/bin/python -m pip check
echo "setup: .venv has $lock on $(.venv/bin/python --version)"
