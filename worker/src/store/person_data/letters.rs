//! Dead letters that are about a person. Their bodies are what a publisher sent, readable or not.

use serde_json::Value;
use sqlx::PgConnection;

/// What a person is found by in the text of a dead letter.
pub(super) struct Words {
    user_id: String,
    /// In E.164 without the plus sign, and as typed.
    numbers: Vec<String>,
    /// Names of the person.
    pub(super) names: Vec<String>,
}

/// The last digits of a number that every spelling of it has.
const NATIONAL: usize = 8;
/// In a text that is not JSON, a shorter id may mean anything.
const SHORTEST_ID: usize = 4;

impl Words {
    pub(super) async fn of(
        tx: &mut PgConnection,
        user_id: &str,
        phones: &[String],
    ) -> Result<Self, sqlx::Error> {
        let row = sqlx::query!("SELECT phone_raw, display_name FROM users WHERE user_id = $1", user_id)
            .fetch_optional(tx)
            .await?;
        let (raw, name) = row.map_or((String::new(), None), |row| (row.phone_raw, row.display_name));
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let typed = digits(&raw);
        let mut numbers: Vec<String> = phones.iter().map(|phone| digits(phone)).collect();
        if typed.len() >= NATIONAL {
            numbers.push(typed);
        }
        let names = name.into_iter().filter(|name| name.chars().count() >= SHORTEST_ID).collect();
        Ok(Self { user_id: user_id.to_owned(), numbers, names })
    }

    /// All of them, as a search of the audit log needs them.
    pub(super) fn all(&self, phones: &[String]) -> Vec<String> {
        let mut words = vec![self.user_id.clone()];
        words.extend(phones.iter().cloned());
        words.extend(self.numbers.iter().cloned());
        words.extend(self.names.iter().cloned());
        words
    }

    /// Whether a dead letter is about the person.
    fn are_in(&self, letter: &Letter) -> bool {
        if self.are_in_text(&letter.around) {
            return true;
        }
        match serde_json::from_slice::<Value>(&letter.body) {
            Ok(json) => self.are_in_json(&json),
            Err(_) => self.are_in_text(&String::from_utf8_lossy(&letter.body)),
        }
    }

    fn are_in_text(&self, text: &str) -> bool {
        let whole = |word: &str| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
            text.match_indices(word).any(|(at, _)| {
                let (before, after) = text.split_at(at);
                edge(before.chars().next_back())
                    && edge(after.get(word.len()..).and_then(|rest| rest.chars().next()))
            })
        };
        self.user_id.chars().count() >= SHORTEST_ID && whole(&self.user_id) || self.number_is_in(text)
    }

    fn are_in_json(&self, json: &Value) -> bool {
        match json {
            Value::Object(fields) => fields.iter().any(|(name, value)| match value {
                // Ids are names of users in these fields alone.
                Value::String(text) if ["user_id", "subject"].contains(&name.as_str()) => {
                    *text == self.user_id || text.strip_prefix("user/") == Some(&self.user_id)
                }
                Value::Number(number) if name == "user_id" => number.to_string() == self.user_id,
                other => self.are_in_json(other),
            }),
            Value::Array(items) => items.iter().any(|item| self.are_in_json(item)),
            Value::String(text) => self.number_is_in(text),
            Value::Number(number) => self.number_is_in(&number.to_string()),
            Value::Bool(_) | Value::Null => false,
        }
    }

    /// Whether the text has the last digits of a number in a row, however it is grouped.
    fn number_is_in(&self, text: &str) -> bool {
        let mut digits = String::new();
        let groups = |c: &char| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/');
        for c in text.chars().filter(groups) {
            match c.to_digit(10) {
                Some(digit) => digits.extend(char::from_digit(digit, 10)),
                None => digits.push('x'),
            }
        }
        self.numbers.iter().any(|number| {
            let last = number.get(number.len().saturating_sub(NATIONAL)..).unwrap_or(number);
            last.len() == NATIONAL && digits.contains(last)
        })
    }
}

/// Whether the fields that name users name another one.
fn names_another(json: &Value, user_id: &str) -> bool {
    match json {
        Value::Object(fields) => fields.iter().any(|(name, value)| match value {
            Value::String(text) if name == "user_id" => text != user_id,
            Value::Number(number) if name == "user_id" => number.to_string() != user_id,
            other => names_another(other, user_id),
        }),
        Value::Array(items) => items.iter().any(|item| names_another(item, user_id)),
        _ => false,
    }
}

struct Letter {
    id: i64,
    body: Vec<u8>,
    /// Its id and headers: a publisher may have put the person into them.
    around: String,
}

/// The ids of the dead letters that are about a person. Each is read: there are few, and an erasure is rare.
async fn ids(tx: &mut PgConnection, words: &Words) -> Result<Vec<i64>, sqlx::Error> {
    const PAGE: i64 = 500;
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let letters = sqlx::query_as!(
            Letter,
            r#"SELECT id, body, concat_ws(' ', message_id, NULLIF(headers, '{}')) AS "around!" FROM dead_letters
               WHERE id > $1 AND (body <> '' OR message_id IS NOT NULL OR headers <> '{}') ORDER BY id LIMIT $2"#,
            after,
            PAGE,
        )
        .fetch_all(&mut *tx)
        .await?;
        let Some(last) = letters.last() else { return Ok(found) };
        after = last.id;
        found.extend(letters.iter().filter(|letter| words.are_in(letter)).map(|letter| letter.id));
    }
}

/// The dead letters about a person, with their bodies as text. Those of another user of the number are left out.
pub(super) async fn of_person(tx: &mut PgConnection, words: &Words) -> Result<Vec<Value>, sqlx::Error> {
    let ids = ids(tx, words).await?;
    let rows = sqlx::query!(
        r#"SELECT to_jsonb(t) - 'body' AS "row!", body FROM dead_letters t WHERE id = ANY($1) ORDER BY id"#,
        &ids,
    )
    .fetch_all(tx)
    .await?;
    let with_text = |mut row: Value, body: &[u8]| {
        if let Some(fields) = row.as_object_mut() {
            fields.insert("body".to_owned(), String::from_utf8_lossy(body).into());
        }
        row
    };
    let is_of_another = |body: &[u8]| {
        serde_json::from_slice(body).is_ok_and(|json: Value| names_another(&json, &words.user_id))
    };
    let own = rows.into_iter().filter(|row| !is_of_another(&row.body));
    Ok(own.map(|row| with_text(row.row, &row.body)).collect())
}

/// Empties the dead letters about a person, and returns their number. The rows stay: they are counted. One that was open is
/// dropped, since there is nothing left to replay.
pub(super) async fn clear(tx: &mut PgConnection, words: &Words) -> Result<u64, sqlx::Error> {
    let ids = ids(tx, words).await?;
    let cleared = sqlx::query!(
        // A digest of a body that holds little but a number is as good as the number.
        "UPDATE dead_letters SET body = '', headers = '{}', message_id = NULL, detail = 'erased',
             body_sha256 = sha256(convert_to(gen_random_uuid()::text, 'UTF8')),
             dropped_at = CASE WHEN replayed_at IS NULL THEN coalesce(dropped_at, now()) ELSE dropped_at END,
             dropped_by = CASE WHEN replayed_at IS NULL THEN coalesce(dropped_by, 'worker') ELSE dropped_by END
         WHERE id = ANY($1)",
        &ids,
    );
    Ok(cleared.execute(tx).await?.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(body: &str) -> bool {
        let words =
            Words { user_id: "1042".into(), numbers: vec!["9779841234567".into()], names: Vec::new() };
        words.are_in(&Letter { id: 1, body: body.as_bytes().to_vec(), around: "trace-77 {}".into() })
    }

    #[test]
    fn a_letter_is_about_a_person_by_the_id_or_the_number() {
        for body in [
            r#"{"data":{"user_id":"1042"}}"#,
            r#"{"data":{"user_id":1042}}"#,
            r#"{"data":{"phone_number":"984-123 4567"}}"#,
            r#"{"data":{"phone_number":"+977 (984) 1234567"}}"#,
            r#"{"phones":["x","009779841234567"]}"#,
            "user_id=1042&phone=",
            "{\"data\":{\"phone_number\":\"9841234567\"",
        ] {
            assert!(finds(body), "{body}");
        }
    }

    #[test]
    fn an_emptied_letter_is_about_a_person_by_its_id_or_its_headers() {
        let words =
            Words { user_id: "1042".into(), numbers: vec!["9779841234567".into()], names: Vec::new() };
        let about = |around: &str| words.are_in(&Letter { id: 1, body: Vec::new(), around: around.into() });
        assert!(about("signup 1042 {}") && about(r#"x {"phone": "+9779841234567"}"#));
        assert!(!about("signup-10421 {}") && !about(""));
    }

    #[test]
    fn a_letter_about_somebody_else_is_left() {
        for body in [
            r#"{"data":{"user_id":"10421"}}"#,
            r#"{"id":"1042","data":{"user_id":"7","age":1042}}"#,
            r#"{"data":{"user_id":"7","phone_number":"9841234568"}}"#,
            "user_id=10421",
            "a1042",
            "",
        ] {
            assert!(!finds(body), "{body}");
        }
    }
}
