# shellcheck shell=bash
# The tools of every command: which it needs, whether one is there, and the package that brings it.

has() { command -v "$1" >/dev/null 2>&1; }

# needed_tools COMMAND: the command stops without them.
needed_tools() {
    case $1 in
    demo) echo curl && compile_tools && service_tools ;;
    test) echo curl python3 && compile_tools && service_tools ;;
    browser) echo curl node chromium font && compile_tools && service_tools ;;
    faults | bench | run | sqlx) compile_tools && service_tools ;;
    lint) compile_tools ;;
    fmt) echo rustfmt && rust_tools ;;
    up) service_tools ;;
    esac
}

# wanted_tools COMMAND: the command runs without them, and names what it skips.
wanted_tools() {
    case $1 in
    test) echo rustfmt clippy node chromium font promtool faketime postgres rabbitmq ;;
    faults) echo promtool faketime postgres rabbitmq ;;
    bench) echo python3 nginx ;;
    lint) echo rustfmt clippy python3 promtool ;;
    esac
}

compile_tools() { echo cc make && rust_tools; }

# cargo, and curl to download rustup.
rust_tools() {
    echo cargo
    has rustup || { cargo_is_recent && has_tool clippy; } || echo curl
}

# The servers that no other source is going to provide, and what finds and stops them.
service_tools() {
    local source
    echo ps
    source=$(likely_source postgres)
    if [[ $source != docker ]]; then echo psql; fi
    if [[ $source == private ]]; then echo postgres; fi
    if [[ $(likely_source rabbitmq) == private ]]; then echo rabbitmq; fi
}

has_tool() {
    case $1 in
    cargo) cargo_is_recent ;;
    rustfmt) cargo fmt --version >/dev/null 2>&1 ;;
    clippy) cargo clippy --version >/dev/null 2>&1 ;;
    python3) python3 -c 'import ensurepip, venv' >/dev/null 2>&1 ;;
    psql) find_psql >/dev/null ;;
    postgres | rabbitmq) "private_${1}_installed" ;;
    node) has npm && node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' 2>/dev/null ;;
    font) [[ -n $(fc-list :lang=ne 2>/dev/null) ]] ;;
    faketime) compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null ;;
    nginx) [[ -x /usr/sbin/nginx ]] ;;
    *) has "$1" ;;
    esac
}

# tool_packages debian|brew TOOL...: the names of the packages. Rust comes with rustup instead.
tool_packages() {
    local system=$1 tool both
    shift
    for tool; do
        case $tool in
        cargo | rustfmt | clippy) continue ;;
        cc | make) both="build-essential|gcc make" ;;
        curl) both="ca-certificates curl|curl" ;;
        ps) both="procps|" ;;
        psql) both="postgresql-client|libpq" ;;
        postgres) both="postgresql|postgresql" ;;
        rabbitmq) both="rabbitmq-server|rabbitmq" ;;
        python3) both="python3 python3-venv|python" ;;
        node) both="nodejs npm|node" ;;
        font) both="fontconfig fonts-noto-core|fontconfig font-noto-sans-devanagari" ;;
        promtool) both="prometheus|prometheus" ;;
        faketime) both="libfaketime|libfaketime" ;;
        *) both="$tool|$tool" ;;
        esac
        if [[ $system == brew ]]; then echo "${both#*|}"; else echo "${both%|*}"; fi
    done | tr ' ' '\n' | sed '/^$/d' | sort -u
}

# missing_tools TOOL...: those that are not there.
missing_tools() {
    local tool
    for tool; do
        has_tool "$tool" || echo "$tool"
    done
}

# includes_rust TOOL...: whether rustup brings one of them.
includes_rust() { [[ " $* " =~ \ (cargo|rustfmt|clippy)\  ]]; }
