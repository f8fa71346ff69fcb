# shellcheck shell=bash
# .sqlx holds what Postgres says of every query, so that compiling needs no database.

command_sqlx() {
    with_services
    write_sqlx_data "$DEV_DIR/sqlx"
    rm -f "$ROOT"/.sqlx/query-*.json
    cp "$DEV_DIR"/sqlx/query-*.json "$ROOT/.sqlx/"
    say "    $(find "$ROOT/.sqlx" -name 'query-*.json' | wc -l | tr -d ' ') queries in .sqlx"
}

check_sqlx_data() {
    write_sqlx_data "$DEV_DIR/sqlx"
    diff -r "$ROOT/.sqlx" "$DEV_DIR/sqlx" >"$DEV_DIR/sqlx.diff" || {
        grep -E '^(Only in|diff)' "$DEV_DIR/sqlx.diff" | head -n 20 >&2
        die 1 ".sqlx is not what the queries say. Renew it: ./dev sqlx"
    }
}

# write_sqlx_data FOLDER: compiles every query against a fresh, migrated database.
write_sqlx_data() {
    local folder=$1 database=aamcare_sqlx_$$
    rm -rf "$folder"
    mkdir -p "$folder"
    create_database "$POSTGRES_URL" "$database"
    local url code=0 check=(check --locked --workspace --all-targets --quiet)
    # The call of the step after this one in ./dev test, which then finds its work done.
    if has_tool clippy; then check=(clippy --locked --workspace --all-targets --quiet -- -D warnings); fi
    url=$(url_with_database "$POSTGRES_URL" "$database")
    apply_migrations "$url"
    touch_queries
    SQLX_OFFLINE=false SQLX_OFFLINE_DIR=$folder DATABASE_URL=$url \
        cargo "${check[@]}" || code=$?
    drop_database "$POSTGRES_URL" "$database"
    ((code == 0)) || die 1 "see above: the code does not compile against the migrated database, or clippy objects"
}

# The data is written while a query's macro runs, so files with one must be compiled again.
touch_queries() {
    grep -rlE --include='*.rs' 'query(_as|_scalar|_file)?(_unchecked)?!' shared producer worker testing | while read -r file; do
        touch "$file"
    done
}
