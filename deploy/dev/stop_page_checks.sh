# shellcheck shell=bash
# The page of stop links in a real Chromium, with the codes in welcomes of the demo.

STOP_PAGE_HELP_LINE=1115

# Before the worker starts. The host is invented, because a base has at most 15 characters; the browser finds it here.
stop_page_settings() {
    STOP_PAGE_BASE=http://a.np:${STAGE_WEBHOOK##*:}/s/
    STAGE_ENVIRONMENT+=(
        STOP_LINK_BASE="$STOP_PAGE_BASE" HELP_LINE="$STOP_PAGE_HELP_LINE"
        LINK_KEY=000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f
    )
}

browser_stop_page() {
    local before
    before=$(stop_page_digest)
    stop_page_script stop_page.mjs
    [[ $(stop_page_digest) == "$before" ]] || die 1 "looking at the stop page changed what is stored"
    # Suppressions, those that hold, and entries of the ledger: a stop withdraws three purposes, an undo grants one.
    stop_page_stored "0 0 0"
    stop_page_script stop_press.mjs once
    stop_page_stored "1 1 3"
    stop_page_script stop_press.mjs twice
    stop_page_stored "2 2 6"
    stop_page_script stop_press.mjs undo
    stop_page_stored "2 1 7"
}

# stop_page_script NAME ARG...
stop_page_script() {
    local name=$1
    shift
    STOP_BASE=$STOP_PAGE_BASE STOP_ADDRESS=$STAGE_WEBHOOK SIMULATOR_URL="http://$STAGE_SIMULATOR" \
        HELP_LINE=$STOP_PAGE_HELP_LINE SCREENS=${BROWSER_SCREENS:-} CHROMIUM="$(command -v chromium)" \
        node "$ROOT/testing/browser/$name" "$@"
}

# Everything that a press may change.
stop_page_digest() {
    psql_on "$STAGE_DATABASE_URL" -c "
        SELECT count(*) || ' ' || md5(string_agg(line, ';' ORDER BY line)) FROM (
            SELECT 'consent ' || t::text FROM consent_ledger t
            UNION ALL SELECT 'suppression ' || t::text FROM suppressions t
            UNION ALL SELECT 'tips ' || t::text FROM tip_suppressions t
            UNION ALL SELECT 'task ' || t::text FROM staff_tasks t) lines(line)"
}

# stop_page_stored COUNTS: of the page, in suppressions, in those of them that hold, and in the ledger.
stop_page_stored() {
    local stored
    stored=$(psql_on "$STAGE_DATABASE_URL" -c "
        SELECT concat_ws(' ', count(*), count(*) FILTER (WHERE lifted_at IS NULL),
            (SELECT count(*) FROM consent_ledger WHERE source = 'link'))
        FROM suppressions WHERE source = 'link'")
    [[ $stored == "$1" ]] || die 1 "the stop page stored $stored, not $1"
}
