# shellcheck shell=bash
# Rust: the toolchain on PATH when it is recent enough, else the one that rustup installs.

rust_version() { sed -nE 's/^rust-version = "(.*)"$/\1/p' "$ROOT/Cargo.toml"; }

cargo_is_recent() {
    local found
    found=$(cargo --version 2>/dev/null) || return 1
    found=${found#cargo }
    printf '%s\n' "$(rust_version)" "${found%%[- ]*}" | sort -C -V
}

# Finds a toolchain that rustup installed and that is not on PATH, or is not the default one.
use_rust() {
    cargo_is_recent && has_tool clippy && return 0
    local rustup_bin=${CARGO_HOME:-$HOME/.cargo}/bin version
    if [[ -x $rustup_bin/cargo && :$PATH: != *:$rustup_bin:* ]]; then
        PATH=$rustup_bin:$PATH
    fi
    cargo_is_recent && return 0
    version=$(rust_version)
    if rustup toolchain list 2>/dev/null | grep -q "^${version}[-.]"; then
        export RUSTUP_TOOLCHAIN=$version
    fi
}

# The command that a person would type.
rust_command() {
    if ! has rustup; then
        echo "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- $(rustup_init_options)"
    elif cargo_is_recent; then
        echo "rustup component add rustfmt clippy"
    else
        echo "rustup toolchain install $(rust_version) --profile minimal --component rustfmt,clippy"
    fi
}

rustup_init_options() {
    echo "-y --no-modify-path --profile minimal --default-toolchain $(rust_version) --component rustfmt,clippy"
}

# install_rust: fails when rustup's server cannot be reached.
install_rust() {
    step "installing Rust $(rust_version) with rustup"
    if has rustup; then
        # shellcheck disable=SC2091  # the words of a command
        $(rust_command) </dev/null >&2 || {
            say "    rustup cannot install it; its server may be out of reach"
            return 1
        }
    else
        install_rustup || return 1
    fi
    hash -r
    use_rust
}

# Runs rustup's installer, once its checksum is the published one.
install_rustup() {
    local folder=$DEV_DIR/rustup address
    address=${RUSTUP_UPDATE_ROOT:-https://static.rust-lang.org/rustup}/dist/$(uname -m)-unknown-linux-gnu/rustup-init
    mkdir -p "$folder"
    if ! { download "$address" "$folder/rustup-init" && download "$address.sha256" "$folder/rustup-init.sha256"; }; then
        say "    rustup's server cannot be reached: $address"
        return 1
    fi
    if [[ $(sha256 "$folder/rustup-init") != "$(cut -d ' ' -f 1 "$folder/rustup-init.sha256")" ]]; then
        rm -f "$folder/rustup-init"
        die 69 "the checksum of $address is wrong. It was deleted and did not run"
    fi
    chmod +x "$folder/rustup-init"
    # shellcheck disable=SC2046  # several words
    RUSTUP_INIT_SKIP_PATH_CHECK=yes "$folder/rustup-init" $(rustup_init_options) </dev/null >&2 || {
        say "    rustup-init failed"
        return 1
    }
    say "    for your own shell: . ${CARGO_HOME:-$HOME/.cargo}/env"
}

# download URL FILE
download() { curl -fsSL --proto-redir '=https' --tlsv1.2 --connect-timeout 10 --retry 2 -o "$2" "$1"; }

sha256() { sha256sum "$1" | cut -d ' ' -f 1; }
