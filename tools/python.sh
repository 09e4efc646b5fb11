#!/bin/sh
# Print the first Python 3.11-3.13 of this machine: $PYTHON, the one in use, then the others.
fits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; }
if [ -n "$PYTHON" ]; then
    fits "$PYTHON" && { command -v "$PYTHON"; exit 0; }
    echo "regdecode: PYTHON=$PYTHON is not a Python 3.11, 3.12 or 3.13: name another one, or leave PYTHON unset" >&2
    exit 2
fi
for p in python3 python python3.12 python3.13 python3.11 /usr/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3 \
    "$HOME"/.pyenv/versions/3.1[123]*/bin/python3 "$HOME"/.local/share/uv/python/cpython-3.1[123]*/bin/python3; do
    fits "$p" && { command -v "$p"; exit 0; }
done
echo "regdecode: no Python 3.11, 3.12 or 3.13 found: install one (for example python3.12 with its venv package), or name it with PYTHON=/path/to/python3" >&2
exit 2
