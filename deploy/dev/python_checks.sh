# shellcheck shell=bash
# What outside code does with us, in Python: Twilio's SDK against the simulator, the portal's publisher, the contract.

check_python() {
    python_packages "$ROOT/deploy/dev/requirements.txt"
    check_contract
    stage_open "$DEV_DIR/python" python
    stage_simulator
    check_twilio_sdk
    stage_worker
    check_portal
    stop_children
    stage_drop_databases "$STAGE_DIR"
}

# Each script `check_*.py` below contract/ and docs/ tests the files beside it.
check_contract() {
    local script
    while IFS= read -r script; do
        "$VENV/bin/python" "$script" </dev/null
    done < <(find contract docs -name 'check_*.py' | sort)
}

check_twilio_sdk() {
    local check
    for check in sdk_check inbound_check; do
        "$VENV/bin/python" "$ROOT/testing/twilio-sim/tests/sdk/$check.py" "http://$STAGE_SIMULATOR"
    done
}

# The publisher that docs/ gives to the portal, through the whole pipeline.
check_portal() {
    env "${STAGE_ENVIRONMENT[@]}" SIM_URL="http://$STAGE_SIMULATOR" PSQL="$(find_psql)" \
        "$VENV/bin/python" "$ROOT/testing/python/portal_check.py"
}
