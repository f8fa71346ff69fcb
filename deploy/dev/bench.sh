# shellcheck shell=bash
# ./dev bench: the release binaries against real services, in databases and queues of their own, with a table.

command_bench() {
    mkdir -p "$DEV_DIR"
    with_services
    export BENCH_DATABASE_URL=$POSTGRES_URL BENCH_AMQP_URL=$RABBITMQ_URL
    step "release binaries (the first time takes some minutes)"
    cargo build --locked --release -p worker -p producer -p twilio-sim -p bench
    has_tool nginx || say "    without nginx the simulator stands in for Twilio, and takes more CPU: $(install_command nginx)"
    if python_packages "$ROOT/deploy/dev/requirements-bench.txt"; then
        export BENCH_PYTHON=$VENV/bin/python
    else
        say "    Python's phonenumbers cannot be installed; it is left out"
    fi
    step "scenarios"
    # The program puts away what it made; it is not started with exec, so that services are released after it.
    "$(target_dir)/release/bench" run "$@"
}
