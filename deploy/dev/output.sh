# shellcheck shell=bash
# What the person at the terminal reads. Progress goes to stderr, results to stdout.

say() { printf '%s\n' "$*" >&2; }

step() {
    if [[ -t 2 && -z ${NO_COLOR:-} ]]; then
        printf '\033[1m==> %s\033[0m\n' "$*" >&2
    else
        printf '==> %s\n' "$*" >&2
    fi
}

# die EXIT_CODE TEXT...
die() {
    local code=$1
    shift
    printf 'dev: %s\n' "$*" >&2
    exit "$code"
}

# The last lines of a log, indented, for an error message.
show_log_tail() {
    say "    last lines of $1:"
    tail -n "${2:-15}" "$1" 2>/dev/null | sed 's/^/    | /' >&2 || true
}

# A URL without its password.
without_password() { sed -E 's#(://[^:/@]*):[^@/]*@#\1:***@#' <<<"$1"; }
