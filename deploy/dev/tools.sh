# shellcheck shell=bash
# The tools this script relies on, and the command that installs each.

has() { command -v "$1" >/dev/null 2>&1; }

install_command() {
    case $1 in
    cargo) echo "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y" ;;
    rustfmt | clippy) echo "rustup component add $1" ;;
    cargo-deny) echo "cargo install --locked cargo-deny" ;;
    cc | make) packages_command build-essential "gcc make" ;;
    psql) packages_command postgresql-client libpq ;;
    promtool) packages_command prometheus prometheus ;;
    python3) packages_command "python3 python3-venv" python3 ;;
    postgres) packages_command postgresql postgresql ;;
    rabbitmq-server) packages_command rabbitmq-server rabbitmq ;;
    *) packages_command "$1" "$1" ;;
    esac
}

# packages_command DEBIAN_NAMES HOMEBREW_NAMES
packages_command() {
    if [[ $(uname -s) == Darwin ]]; then
        echo "brew install $2"
    else
        echo "sudo apt-get install -y $1"
    fi
}

# need TOOL WHAT_FOR: stops with the install command when TOOL is missing.
need() {
    has "$1" || die 69 "\`$1\` is missing (needed to $2). Install it: $(install_command "$1")"
}

need_rust() {
    need cargo "compile"
    need cc "link"
    need make "compile the allocator"
}

need_component() {
    cargo "$2" --version >/dev/null 2>&1 ||
        die 69 "\`cargo $2\` is missing (needed to $3). Install it: $(install_command "$1")"
}
