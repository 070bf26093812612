//! Jobs that are told to create records, where rudder-server delivers itself.

use std::time::{Duration, Instant};

use super::{
    DELAY, Shared, by_org,
    entries::{FOUND, Step, TELL, told_of},
};
use crate::{
    salesforce::creates::memory::{CreateKey, CreateMemory, Telling},
    shared_state::Arg,
};

impl Shared {
    pub(super) async fn tell_all(
        &self,
        asked: Instant,
        tellings: Vec<Telling>,
    ) -> Vec<Option<usize>> {
        let mut told = self.local.tell(asked, tellings.clone()).await;
        // Another process may have told a job that this one does not know.
        let are_told = self.local.are_told(tellings.iter().map(|it| &it.key));
        let is_open = |place: &usize| told[*place].is_some() || are_told[*place];
        let ours = (0..tellings.len()).filter(is_open).collect();
        for (org, places) in by_org(ours, |place: &usize| tellings[*place].key.org()) {
            let head = vec![Arg::from(self.window), Arg::from(asked.elapsed() + DELAY)];
            let entries = places.iter().map(|place| {
                let telling = &tellings[*place];
                (&telling.key, self.entries.jobs(telling))
            });
            let step = Step::new(&TELL, head, entries);
            let answers = self.entries.run(&org, &step).await;
            for (place, answer) in places.into_iter().zip(answers.into_iter().flatten()) {
                if let Some(answer) = told_of(&answer) {
                    told[place] = self.agree(&tellings[place], told[place], answer);
                }
            }
        }
        told
    }

    /// Agrees with the other processes about the job that is told to create a record.
    fn agree(
        &self,
        telling: &Telling,
        ours: Option<usize>,
        (told, left): (Option<usize>, Duration),
    ) -> Option<usize> {
        if told != ours {
            let job = told.and_then(|place| telling.jobs.get(place).cloned().flatten());
            self.local.was_told(telling.key.clone(), job, left);
        }
        told
    }

    pub(super) async fn found_all(&self, keys: Vec<CreateKey>) {
        let are_told = self.local.are_told(keys.iter());
        let told = keys.iter().zip(are_told).filter(|(_, is_told)| *is_told);
        let told: Vec<CreateKey> = told.map(|(key, _)| key.clone()).collect();
        self.local.found(keys).await;
        for (org, keys) in by_org(told, CreateKey::org) {
            let step = Step::new(&FOUND, Vec::new(), keys.iter().map(|key| (key, None)));
            self.entries.tell(&org, &step);
        }
    }
}
