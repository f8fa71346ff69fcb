# shellcheck shell=bash
# A Python environment below .dev with pinned packages.

VENV=$DEV_DIR/venv

# python_packages FILE: installs what FILE pins, once.
python_packages() {
    local done_file=$VENV/${1##*/}.installed
    cmp -s "$1" "$done_file" && return 0
    [[ -x $VENV/bin/pip ]] || python3 -m venv "$VENV" >&2 || return 1
    "$VENV/bin/pip" install --quiet --disable-pip-version-check -r "$1" >&2 || return 1
    cp "$1" "$done_file"
}
