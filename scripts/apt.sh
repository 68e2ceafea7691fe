#!/bin/sh
# Installs the Debian packages named that are missing, and never asks: scripts/apt.sh PACKAGE...
set -eu

missing=
for package in "$@"; do
  dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
    missing="$missing $package"
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "apt: no apt-get here; install the like of:$missing" >&2
  exit 1
elif [ "$(id -u)" = 0 ]; then
  root=
elif sudo -n true 2>/dev/null; then
  root=sudo
else
  echo "apt: missing, and neither root nor sudo without a password: sudo apt install$missing" >&2
  exit 1
fi

echo "apt: installing$missing"
$root apt-get update -qq
$root env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
