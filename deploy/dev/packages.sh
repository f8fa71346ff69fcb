# shellcheck shell=bash
# Packages of Debian and Ubuntu.

# apt_command NAME...: what a person would type.
apt_command() {
    local sudo=""
    [[ $(id -u) == 0 ]] || sudo="sudo "
    echo "${sudo}apt-get update && ${sudo}apt-get install -y --no-install-recommends $*"
}

# install_packages NAME...: as root or with sudo, and without letting the packages start servers.
install_packages() {
    step "installing $* (apt-get)"
    local guard=/usr/sbin/policy-rc.d guarded=no log=$DEV_DIR/apt.log code=0
    if [[ ! -e $guard ]]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
        as_root chmod 755 "$guard"
        guarded=yes
    fi
    {
        as_root apt-get update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    } </dev/null >"$log" 2>&1 || code=$?
    if [[ $guarded == yes ]]; then
        as_root rm -f "$guard"
    fi
    ((code == 0)) || show_log_tail "$log"
    return "$code"
}

as_root() { if [[ $(id -u) == 0 ]]; then "$@"; else sudo "$@"; fi; }
