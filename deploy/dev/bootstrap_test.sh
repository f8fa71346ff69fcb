#!/usr/bin/env bash
# What `./dev` does on a machine that lacks tools: an invented one, whose PATH holds nothing but basic tools and stand-ins.
# shellcheck disable=SC2016  # the texts of stand-ins are expanded when they run
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT

# The programs that are always there, and the real curl, to be "installed".
BASE=(awk bash cat chmod cksum cp cut date dirname env grep head ln ls mkdir mv rm sed sha256sum sleep sort tail tee timeout touch tr)
CURL=$(command -v curl)

# machine NAME: a bare Debian, with a user who may use sudo.
machine() {
    M=$WORK/$1
    mkdir -p "$M/bin" "$M/home"
    local tool
    for tool in "${BASE[@]}"; do ln -s "$(command -v "$tool")" "$M/bin/$tool"; done
    program id 'if [[ $1 == -u ]]; then echo 1000; else echo user; fi'
    program uname 'if [[ $1 == -m ]]; then echo x86_64; else echo Linux; fi'
    # The guard against starting servers is not written to this machine.
    program sudo "case \$1 in tee) cat >/dev/null ;; chmod | rm) ;; *) exec \"\$@\" ;; esac"
    program apt-get "echo \"apt-get \$*\" >>$M/log
        case \" \$* \" in *' ${2:-none} '*) exit 100 ;; esac
        [[ \$1 == install ]] || exit 0
        for package; do
            case \$package in
            build-essential) tools='cc make' ;;
            procps) tools=ps ;;
            postgresql-client) tools=psql ;;
            python3) tools=python3 ;;
            prometheus) tools=promtool ;;
            curl) ln -sf $CURL $M/bin/curl; continue ;;
            *) continue ;;
            esac
            for tool in \$tools; do printf '#!/bin/sh\n' >$M/bin/\$tool; chmod +x $M/bin/\$tool; done
        done"
}

# program NAME TEXT: a stand-in of the machine.
program() {
    printf '#!%s\n%s\n' "$BASH" "$2" >"$M/bin/$1"
    chmod +x "$M/bin/$1"
}

# cargo_text COMPONENTS: a stand-in that has these subcommands and compiles nothing.
cargo_text() {
    printf '%s\n' "case \$1 in" "--version) echo 'cargo 1.95.0 (0 2026-01-01)' ;;" \
        "$1) if [[ \$2 != --version ]]; then echo \"cargo \$*\"; fi ;;" "*) echo \"no \$1\" >&2; exit 101 ;;" "esac"
}

# rustup_server TEXT: a folder with rustup's installer, which runs TEXT, and its checksum.
rustup_server() {
    SERVER=$M/rustup
    local folder=$SERVER/dist/x86_64-unknown-linux-gnu
    mkdir -p "$folder"
    printf '#!%s\n%s\n' "$BASH" "$1" >"$folder/rustup-init"
    (cd "$folder" && sha256sum rustup-init >rustup-init.sha256)
}

# dev CODE ARG...: ./dev there must end with CODE; what it prints goes to $OUTPUT. INPUT is /dev/null or a terminal's text.
dev() {
    local code=0 wanted=$1
    shift
    local command=(env -i PATH="$M/bin" HOME="$M/home" DEV_DIR="$M/dev" DATABASE_URL=postgresql://127.0.0.1:1/none
        AMQP_URL=amqp://127.0.0.1:1 RUSTUP_UPDATE_ROOT="file://${SERVER:-/nowhere}" ${CI_SET:+CI=true} "$ROOT/dev" "$@")
    if [[ -n ${TYPED:-} ]]; then
        OUTPUT=$(script -qec "${command[*]}" /dev/null <<<"$TYPED" 2>&1) || code=$?
    else
        OUTPUT=$("${command[@]}" </dev/null 2>&1) || code=$?
    fi
    ((code == wanted)) || fail "./dev $* ended with $code instead of $wanted"
}

fail() {
    printf 'bootstrap: %s: %s\n%s\n' "${M##*/}" "$1" "$OUTPUT" >&2
    exit 1
}

prints() { [[ $OUTPUT == *"$1"* ]] || fail "\`$1\` is not printed"; }

hides() { [[ $OUTPUT != *"$1"* ]] || fail "\`$1\` is printed"; }

# installs COUNT: how many times apt-get installed something so far.
installs() {
    local count
    count=$(grep -cs '^apt-get install' "$M/log" || true)
    ((${count:-0} == $1)) || fail "apt-get installed ${count:-0} times instead of $1"
}

machine without-a-terminal-it-lists-everything-and-exits-69
dev 69 demo
for tool in cargo cc curl make ps; do prints " $tool"; done
prints "sudo apt-get update && sudo apt-get install -y --no-install-recommends build-essential ca-certificates curl"
prints "https://sh.rustup.rs"
installs 0

machine yes-installs-everything-once
rustup_server "mkdir -p $M/home/.cargo/bin; cp $M/cargo $M/home/.cargo/bin/cargo; echo \"rustup-init \$*\" >>$M/log"
{ printf '#!%s\n' "$BASH" && cargo_text 'fmt | clippy'; } >"$M/cargo"
chmod +x "$M/cargo"
dev 101 demo --yes
prints "no build"
installs 1
grep -q -- 'rustup-init -y .*--default-toolchain 1\.[0-9]* --component rustfmt,clippy' "$M/log" || fail "rustup-init did not run"
dev 101 demo --yes
hides "missing"
installs 1
dev 0 fmt
prints "cargo fmt --all"

machine a-wrong-checksum-is-refused
rustup_server "touch $M/ran"
dev 69 fmt
prints "needed:    cargo curl rustfmt"
echo "0000 *rustup-init" >"$SERVER/dist/x86_64-unknown-linux-gnu/rustup-init.sha256"
dev 69 fmt --yes
prints "checksum"
[[ ! -e $M/ran ]] || fail "the program with the wrong checksum ran"

machine without-rustup-and-without-a-toolchain-it-stops
SERVER=/nowhere
dev 69 demo --yes
prints "rustup's server cannot be reached"
prints "put cargo 1."

machine without-rustup-the-toolchain-on-path-is-used
program cargo "$(cargo_text none)"
CI_SET=yes dev 0 lint
prints "rustup's server cannot be reached"
prints "is used as it is: cargo 1.95.0"
prints "skipped: clippy"
hides "cargo clippy --locked"
CI_SET=yes dev 0 lint
hides "missing"
installs 1

machine an-optional-package-that-cannot-be-installed-does-not-stop-it prometheus
program cargo "$(cargo_text 'fmt | clippy')"
dev 0 lint --yes
prints "cannot install promtool"
prints "skipped: promtool"
installs 4
dev 0 lint --yes
hides "missing"
installs 4

machine without-apt-get-it-lists-everything-and-exits-69
rm "$M/bin/apt-get"
dev 69 demo --yes
prints "your package manager"
prints "build-essential"
hides "apt-get"
program uname 'echo Darwin'
dev 69 demo --yes
prints "brew install curl gcc"

machine without-root-and-sudo-it-lists-everything-and-exits-69
rm "$M/bin/sudo"
dev 69 demo --yes
prints "apt-get install"
prints "run the commands as root"
installs 0

if script --version >/dev/null 2>&1; then
    machine on-a-terminal-it-asks-once
    program cargo "$(cargo_text 'fmt | clippy')"
    TYPED=n dev 69 demo
    prints "Install them now?"
    installs 0
    TYPED=y dev 101 demo
    installs 1
    TYPED=n dev 0 lint
    prints "optional:"
    TYPED=n dev 0 lint
    hides "Install them now?"
    installs 1
fi

machine a-server-that-refuses-the-login-is-not-used
(
    DEV_DIR=$M/dev OUTPUT=""
    # shellcheck source=deploy/dev/services.sh
    . "$ROOT/deploy/dev/services.sh"
    find_psql() { true; }
    port_open() { true; }
    postgres_usable() { false; }
    amqp_login() { false; }
    for service in postgres rabbitmq; do
        if from_local "$service"; then fail "$service is used"; fi
    done
)

# Debian 12 has Node.js 18.
if grep -nE '"node": ">=(19|[2-9][0-9])' "$ROOT/testing/browser/package-lock.json"; then
    OUTPUT="" && fail "a package of testing/browser does not run on Node.js 18"
fi
echo "bootstrap: ok"
