#!/usr/bin/env bash
# Makes the environment at $1: exactly the locked packages, and this checkout as it is.
set -euo pipefail
folder=$1
python=${PYTHON:-python3}

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "error: $("$python" --version) is too old; rtobs needs Python 3.11 or later (set PYTHON=)" >&2
  exit 1
fi
# Debian keeps the module that makes environments in a package of its own.
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq python3-venv
  else
    echo "error: $python cannot make environments; install the package python3-venv" >&2
    exit 1
  fi
fi
"$python" -m venv --clear "$folder"
"$folder/bin/pip" install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
"$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
touch "$folder/.complete"
