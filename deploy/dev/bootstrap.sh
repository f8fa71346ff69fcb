# shellcheck shell=bash
# What a command lacks on this machine: listed at once, and installed after one question.
# shellcheck disable=SC2046,SC2086  # lists of tools and packages hold single words

# Optional tools that cannot be installed here, or that the user declined. ./dev down --wipe forgets them.
DECLINED_FILE=$DEV_DIR/declined-tools

# provide_tools COMMAND: exits with 69 if the command lacks a tool that it needs.
provide_tools() {
    use_rust
    provide "./dev $1" "$(needed_tools "$1")" "$(wanted_tools "$1")"
}

# provide NAME NEEDED [WANTED]: without the tools of the second list NAME runs, and skips what uses them.
provide() {
    local name=$1 needed wanted
    needed=$(missing_tools $2 | sort -u)
    wanted=$(missing_tools ${3:-} | grep -vxFf <(echo "$needed" && cat "$DECLINED_FILE" 2>/dev/null) || true)
    [[ -n $needed$wanted ]] || return 0
    list_missing
    if may_install; then
        install_tools
        decline $(missing_tools $wanted)
    elif [[ -t 0 && -z $needed ]]; then
        decline $wanted
    fi
    needed=$(missing_tools $needed)
    [[ -z $needed ]] || die 69 "$name needs" $needed
}

list_missing() {
    step "$name: some tools are missing on this machine"
    [[ -z $needed ]] || say "    needed:   " $needed
    [[ -z $wanted ]] || say "    optional: " $wanted "(without them some checks are skipped)"
    say "    commands that install them:"
    install_command $needed $wanted | sed 's/^/        /' >&2
}

# install_command TOOL...: what a person would type.
install_command() {
    local packages
    if [[ $(uname -s) == Darwin ]]; then
        packages=$(tool_packages brew "$@")
        [[ -z $packages ]] || echo brew install $packages
    else
        packages=$(tool_packages debian "$@")
        if [[ -n $packages ]]; then apt_command $packages; fi
    fi
    if includes_rust "$@"; then rust_command; fi
}

# --yes or CI answers the question. Nothing can be installed without apt-get, or without a way to become root.
may_install() {
    local answer
    if ! has apt-get; then
        say "    without apt-get you install them yourself; on another system the packages may have other names"
        return 1
    fi
    if [[ $(id -u) != 0 ]] && ! has sudo; then
        say "    this user is not root, and there is no sudo: run the commands as root"
        return 1
    fi
    [[ -z ${DEV_YES:-}${CI:-} ]] || return 0
    [[ -t 0 ]] || return 1
    read -r -p "Install them now? [Y/n] " answer && [[ ${answer:-y} == [Yy]* ]]
}

# All packages in one call. If it fails: those needed in one, each of the others in one of its own.
install_tools() {
    local tool packages
    mkdir -p "$DEV_DIR"
    packages=$(tool_packages debian $needed $wanted)
    if [[ -n $packages ]] && ! install_packages $packages; then
        packages=$(tool_packages debian $needed)
        [[ -z $packages ]] || install_packages $packages || die 69 "cannot install" $packages
        for tool in $wanted; do
            packages=$(tool_packages debian "$tool")
            [[ -z $packages ]] || install_packages $packages || say "    cannot install $tool"
        done
    fi
    if includes_rust $needed $wanted && ! install_rust; then
        cargo_is_recent || die 69 "put cargo $(rust_version) or later on PATH, and start this again"
        say "    the toolchain on PATH is used as it is: $(cargo --version)"
    fi
}

decline() { (($# == 0)) || printf '%s\n' "$@" >>"$DECLINED_FILE"; }
