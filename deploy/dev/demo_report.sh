# shellcheck shell=bash
# What became of everyone in the demo.

DEMO_FINAL="state IN ('rejected', 'suppressed', 'failed')
    OR state = 'registered' AND welcome_status <> 'sending' AND (welcome_status <> 'unknown' OR reason = 'parked')"

# Messages by WhatsApp whose end is not known yet, or which SMS is about to follow.
DEMO_OPEN="SELECT count(*) FROM message_log LEFT JOIN fallbacks f USING (attempt_id) WHERE channel = 'whatsapp'
    AND (coalesce(status, '') NOT IN ('delivered', 'read', 'failed', 'undelivered') OR f.next_try_at IS NOT NULL)"

# Shows progress until everyone expected is final, or time is up.
demo_watch() {
    local expected final open deadline=$((SECONDS + DEMO_SECONDS)) started=$SECONDS
    expected=$((DEMO_LIVE + $(demo_portal_people)))
    step "waiting until all $expected have an outcome"
    while true; do
        final=$(psql_on "$STAGE_DATABASE_URL" -c "SELECT count(*) FROM onboarding_status WHERE $DEMO_FINAL")
        open=$(psql_on "$STAGE_DATABASE_URL" -c "$DEMO_OPEN")
        demo_progress $((SECONDS - started)) "$final" "$expected" "$(demo_stat accepted)"
        ((final >= expected && open == 0)) && break
        ((SECONDS >= deadline)) && break
        sleep 0.5
    done
    [[ ! -t 2 ]] || printf '\n' >&2
    ((final == expected)) || {
        say "    $((expected - final)) have no outcome after $DEMO_SECONDS s"
        return 1
    }
}

# Closed accounts are not imported.
demo_portal_people() {
    psql_on "$DEMO_PORTAL_URL" -c "SELECT count(*) FROM auth_user WHERE is_active AND id IN (
        SELECT user_id FROM core_pregnantwomanprofile UNION SELECT user_id FROM core_newmotherprofile)"
}

# On a terminal one line that changes, else a line for each change.
demo_progress() {
    local seconds=$1 text
    shift
    text=$(printf '%d of %d have an outcome, %d messages sent' "$@")
    if [[ -t 2 ]]; then
        printf '\r    %3d s  %s ' "$seconds" "$text" >&2
    elif [[ $text != "${DEMO_SHOWN:-}" ]]; then
        printf '    %3d s  %s\n' "$seconds" "$text" >&2
    fi
    DEMO_SHOWN=$text
}

# A number of the simulator's ledger: the first of that name, which is the total of all channels.
demo_stat() {
    curl -fsS -m 5 "http://$STAGE_SIMULATOR/_sim/stats" |
        sed -E "s/\"$1\":([0-9])/@\1/; s/^[^@]*@//; s/[^0-9].*//" | grep . || echo -1
}

# Prints the table to stdout; fails when a number got more than one message.
demo_report() {
    local sent duplicates
    sent=$(demo_stat accepted)
    duplicates=$(demo_stat duplicates)
    printf '\n'
    psql_on "$STAGE_DATABASE_URL" -P format=aligned -P tuples_only=off -P border=1 -P footer=off -c "
        SELECT state, welcome_status, coalesce(reason, '') AS reason, count(*) AS users
        FROM onboarding_status GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    psql_on "$STAGE_DATABASE_URL" -P format=aligned -P tuples_only=off -P border=1 -P footer=off -c "
        SELECT channel, coalesce(status, '') AS status, count(*) AS messages, count(fallback_of) AS after_whatsapp
        FROM message_log WHERE attempt_id IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
    printf 'users %d, messages sent %d, duplicates %d, %d s\n' \
        "$(psql_on "$STAGE_DATABASE_URL" -c 'SELECT count(*) FROM onboarding_status')" \
        "$sent" "$duplicates" $((SECONDS - DEMO_STARTED))
    [[ $duplicates == 0 ]] || say "    a number got more than one message: this must never happen"
    [[ $duplicates == 0 ]]
}

demo_hints() {
    say ""
    say "Look further"
    say "    the messages    less $DEMO_DIR/messages.json"
    say "    the metrics     less $DEMO_DIR/metrics.txt"
    say "    the logs        ls $DEMO_DIR"
    demo_keep
    if [[ -s $STATE_DIR/started/postgres && ! -e $STATE_DIR/keep ]]; then
        say "    the outcomes    ${DEV_SERVICES:+DEV_SERVICES=$DEV_SERVICES }./dev up starts Postgres again, then"
    else
        say "    the outcomes    until the next demo"
    fi
    say "                    psql '$(without_password "$STAGE_DATABASE_URL")' -c 'SELECT * FROM onboarding_status'"
    say "    with your own Twilio account: cp .env.example .env, fill it in, ./dev run"
}

# What ends with the simulator and the worker, as files.
demo_keep() {
    curl -fsS -m 5 -o "$DEMO_DIR/messages.json" "http://$STAGE_SIMULATOR/_sim/messages?limit=1000" || true
    curl -fsS -m 5 -o "$DEMO_DIR/metrics.txt" "http://$STAGE_OPS/metrics" || true
}
