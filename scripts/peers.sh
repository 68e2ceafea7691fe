#!/bin/sh
# Install what `make bench-peers` measures beside us, into build/peers: pip and npm, versions pinned.
set -eu
cd "$(dirname "$0")/.."
peers=build/peers
mkdir -p "$peers"
if [ ! -x "$peers/thingsboard/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$peers/thingsboard"
    "$peers/thingsboard/bin/pip" install --quiet 'thingsboard-gateway==3.8.5'
fi
if [ ! -d "$peers/node_modules/node-red" ]; then
    command -v npm >/dev/null || { echo "peers: no npm: apt install npm, or Node.js 18 or newer" >&2; exit 1; }
    npm install --silent --no-audit --no-fund --prefix "$peers" 'node-red@4.1.15'
fi
