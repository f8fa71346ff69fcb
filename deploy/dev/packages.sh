# shellcheck shell=bash
# Packages of Debian and Ubuntu.

# apt_command NAME...: what a person would type.
apt_command() {
    local sudo=""
    [[ $(id -u) == 0 ]] || sudo="sudo "
    echo "${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends $*"
}

# install_packages NAME...: as root or with sudo. In a subshell, so that its traps remove the guard in any case.
install_packages() (
    step "installing $* (apt-get)"
    exit_on_signals
    forbid_servers
    {
        as_root apt-get update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    } </dev/null >"$DEV_DIR/apt.log" 2>&1 || {
        show_log_tail "$DEV_DIR/apt.log"
        exit 1
    }
)

# Keeps packages from starting their servers until this shell ends, unless the machine has a policy already.
forbid_servers() {
    local guard=/usr/sbin/policy-rc.d
    [[ ! -e $guard ]] || return 0
    # shellcheck disable=SC2064  # the path as it is now
    trap "as_root rm -f $guard" EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
    as_root chmod 755 "$guard"
}

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }
