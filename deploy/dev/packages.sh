# shellcheck shell=bash
# Server packages of Debian and Ubuntu, for when there is neither a running service nor Docker.

# install_packages NAME...: without letting the packages start their own instances.
install_packages() {
    has apt-get || die 69 "neither running services, nor Docker, nor apt-get. Start Docker, or set DATABASE_URL and AMQP_URL"
    step "installing $* (apt-get; once)"
    local guard=/usr/sbin/policy-rc.d guarded=no
    if [[ ! -e $guard ]]; then
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$guard" >/dev/null
        as_root chmod 755 "$guard"
        guarded=yes
    fi
    local log=$DEV_DIR/apt.log failed=no
    {
        as_root apt-get update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
    } </dev/null >"$log" 2>&1 || failed=yes
    if [[ $guarded == yes ]]; then
        as_root rm -f "$guard"
    fi
    if [[ $failed == yes ]]; then
        show_log_tail "$log"
        die 69 "cannot install $*. By hand: sudo apt-get update && sudo apt-get install -y $*"
    fi
}

as_root() {
    if [[ $(id -u) == 0 ]]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        die 69 "root is needed to install packages, and there is no sudo. As root: apt-get install -y postgresql rabbitmq-server"
    fi
}
