#!/usr/bin/env bash
# Run the tests on another Python, in an environment of its own that is made from the same lock:
#   scripts/test_on_python.sh 3.13 [arguments of pytest]
# The Python is `python3.13` of PATH, or pyenv's newest 3.13.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
shift
python=$(command -v "python$version" || true)
# One of pyenv's shims may stand for a Python that is switched off.
if [ -z "$python" ] || ! "$python" -c '' 2>/dev/null; then
    python=$(ls -d "${PYENV_ROOT:-$HOME/.pyenv}/versions/$version".*/bin/python 2>/dev/null | sort -V | tail -n 1 || true)
fi
if [ -z "$python" ]; then
    echo "no Python $version here; the tests were not run on it"
    exit 0
fi
"$python" -V
"$python" -m venv ".venv-$version"
# Python compiles what the tests import; compiling all that is installed takes longer than the tests.
".venv-$version/bin/pip" install -q --no-compile --require-hashes -r requirements-test.txt
".venv-$version/bin/python" -m pytest -n auto --dist loadgroup "$@"
