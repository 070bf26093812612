//! What the memory in this process remembers, and for how long.

use smallvec::smallvec;

use super::*;
use crate::{
    config::AllowedHosts,
    salesforce::{Instance, Key, cache::OrgUser},
};

fn key(email: &str) -> CreateKey {
    let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
    let org = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
    CreateKey::new(OrgUser { org, user: 1 }, Key::lead(email).unwrap())
}

fn ada() -> CreateKey {
    key("ada@example.com")
}

fn memory() -> InProcess {
    InProcess::new(Duration::from_hours(1))
}

/// Which of these jobs is told, after a lookup that began at `asked`. A job without an id has no name.
async fn told(memory: &InProcess, asked: Instant, jobs: &[&str]) -> Option<usize> {
    let name = |id: &&str| (!id.is_empty()).then(|| JobName::new(id, "m"));
    let telling = Telling {
        key: ada(),
        jobs: jobs.iter().map(name).collect(),
    };
    memory.tell(asked, vec![telling]).await[0]
}

fn created() -> CreatedRecord {
    CreatedRecord {
        object: "Lead".to_owned(),
        id: "00Q1".to_owned(),
    }
}

/// Asks to create a record that was looked up at some time.
async fn begin_after(memory: &InProcess, looked_up: Option<Instant>) -> Result<Turn, Busy> {
    let key = ada();
    let wishes = vec![Wish { key, looked_up }];
    let mut turns = memory.begin(wishes, Duration::from_secs(30)).await;
    turns.remove(0)
}

async fn begin(memory: &InProcess) -> Result<Turn, Busy> {
    begin_after(memory, None).await
}

/// Begins a create.
async fn begun(memory: &InProcess) -> (Lease, bool) {
    let Ok(Turn::Begun {
        lease,
        must_look_up,
    }) = begin(memory).await
    else {
        panic!("it was created, or somebody is creating it")
    };
    (lease, must_look_up)
}

async fn end(memory: &InProcess, lease: Lease, ending: Ending) {
    let key = ada();
    memory.end(vec![Ended { key, lease, ending }]).await;
}

#[tokio::test]
async fn one_job_is_told_and_is_told_again_wherever_it_stands() {
    let (memory, now) = (memory(), Instant::now());
    assert_eq!(told(&memory, now, &["1", "2"]).await, Some(0));
    assert_eq!(told(&memory, now, &["2"]).await, None);
    assert_eq!(told(&memory, now, &["2", "1"]).await, Some(1));
}

#[tokio::test]
async fn a_job_without_a_name_is_nobodys_repetition() {
    let (memory, now) = (memory(), Instant::now());
    assert_eq!(told(&memory, now, &[""]).await, Some(0));
    assert_eq!(told(&memory, now, &[""]).await, None);
}

#[tokio::test]
async fn a_lookup_that_began_before_the_record_was_found_tells_nobody() {
    let (memory, before) = (memory(), Instant::now());
    assert_eq!(told(&memory, before, &["1"]).await, Some(0));
    memory.found(vec![ada()]).await;
    assert_eq!(told(&memory, before, &["1"]).await, None);
    let after = Instant::now() + Duration::from_millis(1);
    assert_eq!(told(&memory, after, &["2"]).await, Some(0));
}

#[tokio::test]
async fn a_lookup_that_began_before_a_create_ended_without_a_result_tells_nobody() {
    let (memory, before) = (memory(), Instant::now());
    let (lease, _) = begun(&memory).await;
    end(&memory, lease, Ending::Unsure).await;
    assert_eq!(told(&memory, before, &["1"]).await, None);
    let after = Instant::now() + Duration::from_millis(1);
    assert_eq!(told(&memory, after, &["1"]).await, Some(0));
}

#[tokio::test]
async fn lookups_are_awaited_until_the_last_window_ends() {
    let memory = InProcess::new(Duration::from_millis(1));
    assert!(!memory.awaits_lookups());
    told(&memory, Instant::now(), &["1"]).await;
    assert!(memory.awaits_lookups());
    let told = Instant::now();
    while memory.awaits_lookups() {
        assert!(told.elapsed() < Duration::from_secs(10));
    }
}

#[tokio::test]
async fn whoever_waits_for_a_create_sees_how_it_has_ended() {
    let memory = memory();
    let (lease, must_look_up) = begun(&memory).await;
    assert!(!must_look_up);
    let busy = begin(&memory).await.err().unwrap();
    let ending = Ending::Created(created());
    end(&memory, lease, ending).await;
    busy.await;
    let turn = begin(&memory).await;
    assert!(matches!(turn, Ok(Turn::Created(record)) if record == created()));
    memory.forget(&ada(), &created()).await;
    assert!(!begun(&memory).await.1);
}

#[tokio::test]
async fn the_end_of_a_create_is_seen_even_if_the_window_has_ended_meanwhile() {
    let memory = InProcess::new(Duration::from_nanos(1));
    let (lease, _) = begun(&memory).await;
    assert!(begin(&memory).await.is_err());
    let ending = Ending::Created(created());
    end(&memory, lease, ending).await;
    let turn = begin(&memory).await;
    assert!(matches!(turn, Ok(Turn::Created(_))));
}

#[tokio::test]
async fn a_lease_that_is_dropped_leaves_open_whether_the_record_was_created() {
    let memory = memory();
    let (lease, _) = begun(&memory).await;
    let busy = begin(&memory).await.err().unwrap();
    drop(lease);
    busy.await;
    let (lease, must_look_up) = begun(&memory).await;
    assert!(must_look_up);
    end(&memory, lease, Ending::Unsure).await;
    let (lease, must_look_up) = begun(&memory).await;
    assert!(must_look_up);
    end(&memory, lease, Ending::Failed).await;
    assert!(!begun(&memory).await.1);
}

#[tokio::test]
async fn a_record_that_a_later_lookup_has_not_found_is_created_again() {
    let memory = memory();
    let before = Instant::now();
    let (lease, _) = begun(&memory).await;
    end(&memory, lease, Ending::Created(created())).await;
    let turn = begin_after(&memory, Some(before)).await;
    assert!(matches!(turn, Ok(Turn::Created(_))));
    let after = Instant::now() + Duration::from_millis(1);
    let turn = begin_after(&memory, Some(after)).await;
    assert!(matches!(
        turn,
        Ok(Turn::Begun {
            must_look_up: false,
            ..
        })
    ));
}

#[tokio::test]
async fn whoever_has_looked_up_too_long_ago_looks_up_again() {
    let memory = memory();
    let long_ago = Instant::now().checked_sub(MIN_REST + Duration::from_secs(1));
    let turn = begin_after(&memory, long_ago).await;
    assert!(matches!(
        turn,
        Ok(Turn::Begun {
            must_look_up: true,
            ..
        })
    ));
}

#[tokio::test]
async fn nobody_is_told_what_the_proxy_is_creating_except_the_job_that_was_told() {
    let (memory, now) = (memory(), Instant::now());
    assert_eq!(told(&memory, now, &["1"]).await, Some(0));
    let (_lease, _) = begun(&memory).await;
    assert_eq!(told(&memory, now, &["2", "1"]).await, Some(1));
    assert_eq!(told(&memory, now, &["2"]).await, None);
}

#[tokio::test]
async fn a_key_takes_one_place_however_often_it_changes() {
    let memory = memory();
    assert_eq!(told(&memory, Instant::now(), &["1"]).await, Some(0));
    let (lease, _) = begun(&memory).await;
    end(&memory, lease, Ending::Created(created())).await;
    let keys = memory.keys();
    assert_eq!((keys.entries.len(), keys.ends.len()), (1, 1));
}

#[tokio::test]
async fn no_more_keys_are_remembered_than_the_maximum() {
    let memory = memory();
    for chunk in 0..=MAX_KEYS / 10_000 {
        let telling = |n| Telling {
            key: key(&format!("p{chunk}-{n}@example.com")),
            jobs: smallvec![None],
        };
        memory
            .tell(Instant::now(), (0..10_000).map(telling).collect())
            .await;
    }
    let keys = memory.keys();
    assert_eq!((keys.entries.len(), keys.ends.len()), (MAX_KEYS, MAX_KEYS));
}

#[test]
fn its_debug_names_nobody() {
    let text = format!("{:?} {:?}", memory(), ada());
    assert!(!text.contains("ada"), "{text}");
}
