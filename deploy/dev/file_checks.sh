# shellcheck shell=bash
# Checks of the files that no compiler reads: scripts, Dockerfile, compose file, manifests, alerts.

check_files() {
    check_with python3 "$ROOT/deploy/dev/layers.py"
    python_packages "$ROOT/deploy/dev/requirements-lint.txt" ||
        say "    the linters cannot be installed from PyPI; those on PATH are used"
    check_with shellcheck -x -a "$ROOT/dev" "$ROOT/.ci/run" "$ROOT"/deploy/dev/{instance,bootstrap_test}.sh
    check_with hadolint "$ROOT/deploy/Dockerfile"
    check_with docker-compose --env-file /dev/null -f "$ROOT/docker-compose.yml" \
        --profile demo --profile live --profile tools --profile ops config --quiet
    # autoscaling.yml and monitoring.yml hold kinds of KEDA and of the Prometheus operator, whose schemas are not there.
    check_with kubernetes-validate --strict --quiet "$ROOT"/deploy/kubernetes/{config,migrate,network,worker}.yml
    check_rules
    check_licences
}

# The alerts: their syntax, and the tests in which each fires and stays silent.
check_rules() {
    if ! has promtool; then
        skipped_without promtool
        return 0
    fi
    promtool check config --lint-fatal "$ROOT/deploy/prometheus/prometheus.yml"
    promtool test rules "$ROOT/deploy/prometheus/alerts_test.yml"
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
        skipped "cargo deny (install it: cargo install --locked cargo-deny; the GitHub workflow runs it)"
    fi
}

# skipped_without TOOL
skipped_without() { skipped "$1 (install it: $(install_command "$1"))"; }

# Names a check that did not run, now and in the summary.
skipped() {
    say "    skipped: $1"
    [[ -z ${SKIPPED_FILE:-} ]] || echo "$1" >>"$SKIPPED_FILE"
}
