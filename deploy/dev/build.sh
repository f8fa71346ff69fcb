# shellcheck shell=bash
# Compiling, and where the binaries are.

target_dir() { echo "${CARGO_TARGET_DIR:-$ROOT/target}"; }

# program NAME: its path once compiled.
program() { echo "$(target_dir)/debug/$1"; }

compile_binaries() {
    [[ -z ${DEV_COMPILED:-} ]] || return 0
    if [[ -x $(program worker) ]]; then
        step "compiling what changed"
    else
        step "compiling (the first time takes about four minutes)"
    fi
    cargo build --locked --bins
}
