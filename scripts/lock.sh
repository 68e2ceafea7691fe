#!/bin/sh
# Pins every dependency with its hashes for all machines and both Pythons: scripts/lock.sh [--upgrade]
# Without --upgrade, versions that still fit setup.cfg stay as they are.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}

lock() { # NAME SOURCE [OPTION...]
  name=$1 source=$2
  shift 2
  "$uv" pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes \
    --no-emit-index-url --no-emit-find-links --annotation-style line \
    --custom-compile-command 'make lock' --output-file "requirements/$name.lock" "$@" "$source" \
    >/dev/null
}

lock dev setup.cfg --extra dev "$@"
lock demo setup.cfg --extra demo --constraints requirements/dev.lock
lock build requirements/build.in --constraints requirements/dev.lock "$@"
lock device setup.cfg --extra pi --constraints requirements/dev.lock "$@"
