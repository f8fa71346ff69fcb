//! Of the users on one number who would be welcomed, the first is; the others share her phone.

use shared::phone::{E164, Rejection};

use crate::{
    store::{numbers_seen::NumbersSeen, selection::Candidate},
    verdict::{Expect, Verdict},
};

/// A user with the verdict on her.
pub(crate) struct Judged {
    pub(crate) user: Candidate,
    pub(crate) number: Result<E164, Rejection>,
    pub(crate) verdict: Verdict,
}

impl Judged {
    /// The number that is welcomed through her.
    fn welcomed(&self) -> Option<&E164> {
        let welcome = matches!(
            self.verdict,
            Verdict::Enqueue(Expect::Welcome { .. }) | Verdict::Enqueued(Expect::Welcome { .. })
        );
        self.number.as_ref().ok().filter(|_| welcome)
    }

    fn share(&mut self) {
        match &mut self.verdict {
            Verdict::Enqueue(expect) | Verdict::Enqueued(expect) => *expect = Expect::SharedPhone,
            Verdict::Skip(_) => {}
        }
    }
}

/// Finds out who is not the first on her number in this run.
pub(crate) async fn one_message_each(
    judged: &mut [Judged],
    seen: &mut NumbersSeen,
) -> Result<(), sqlx::Error> {
    let numbers: Vec<String> =
        judged.iter().filter_map(Judged::welcomed).map(|number| number.as_str().to_owned()).collect();
    if numbers.is_empty() {
        return Ok(());
    }
    let mut new = seen.add(&numbers).await?;
    for one in judged {
        if one.welcomed().is_some_and(|number| !new.remove(number.as_str())) {
            one.share();
        }
    }
    Ok(())
}
