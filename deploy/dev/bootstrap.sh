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
    mkdir -p "$DEV_DIR"
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
    local system=debian packages
    if [[ $(uname -s) == Darwin ]]; then system=brew; fi
    packages=$(tool_packages "$system" "$@")
    if [[ -z $packages ]]; then
        :
    elif [[ $system == brew ]]; then
        echo brew install $packages
    elif has apt-get; then
        apt_command $packages
    else
        echo "your package manager, with these names of Debian or your system's:" $packages
    fi
    if includes_rust "$@"; then rust_command; fi
}

# --yes or CI answers the question. Packages need apt-get and a way to become root; rustup needs neither.
may_install() {
    local answer
    [[ $(uname -s) == Linux ]] || return 1
    if [[ -n $(tool_packages debian $needed $wanted) ]]; then
        has apt-get || return 1
        if [[ $(id -u) != 0 ]] && ! has sudo; then
            say "    this user is not root, and there is no sudo: run the commands as root"
            return 1
        fi
    fi
    [[ -z ${DEV_YES:-}${CI:-} ]] || return 0
    [[ -t 0 ]] || return 1
    read -r -p "Install them now? [Y/n] " answer && [[ ${answer:-y} == [Yy]* ]]
}

# All packages in one call. If it fails: those needed in one, each of the others in one of its own.
install_tools() {
    local tool packages
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
