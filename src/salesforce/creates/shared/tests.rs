//! Two replicas that create records, with a real `redis-server` between them. `cargo test` leaves these tests out; `.ci/run` runs
//! them (`cargo test --lib -- --ignored`).

use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::{entries::Granted, *};
use crate::{
    config::{AllowedHosts, Config},
    salesforce::{
        Key,
        cache::OrgUser,
        creates::{Held, JobName, memory::SharedLease},
    },
};

#[path = "../../../../tests/cluster/redis.rs"]
#[expect(dead_code, reason = "what the tests of replicas ask for")]
mod server;

use self::server::Redis;

/// How long a write may take. Nobody waits for that in a test.
const TIMEOUT: Duration = Duration::from_secs(30);

/// How long a test waits for what is about to be.
const PATIENCE: Duration = Duration::from_secs(30);

fn key(email: &str) -> CreateKey {
    let hosts: AllowedHosts = "*.salesforce.com".parse().unwrap();
    let org = Instance::new("https://acme.my.salesforce.com", &hosts).unwrap();
    CreateKey::new(OrgUser { org, user: 1 }, Key::lead(email).unwrap())
}

fn ada() -> CreateKey {
    key("ada@example.com")
}

fn created() -> CreatedRecord {
    CreatedRecord {
        object: "Lead".to_owned(),
        id: "00Q5g0000000001EAA".to_owned(),
    }
}

/// The memory of a replica, which waits longer for the store than a busy machine takes.
fn replica(redis: &Redis) -> Shared {
    replica_within(redis, "10s")
}

/// The memory of a replica that waits for the store for so long.
fn replica_within(redis: &Redis, patience: &str) -> Shared {
    let url = redis.url();
    let flags = [
        "--shared-state-url",
        &url,
        "--shared-state-timeout",
        patience,
    ];
    let config = Config::from_flags(flags).unwrap();
    let state = SharedState::start(&config.shared_state, Arc::default());
    Shared::new(Duration::from_mins(1), TIMEOUT, state)
}

/// Two replicas.
fn replicas(redis: &Redis) -> [Shared; 2] {
    [replica(redis), replica(redis)]
}

/// Asks to create a record that was looked up at some time.
async fn begin_after(replica: &Shared, looked_up: Option<Instant>) -> Result<Turn, Busy> {
    let key = ada();
    let wishes = vec![Wish { key, looked_up }];
    replica.begin(wishes, TIMEOUT).await.remove(0)
}

async fn begin(replica: &Shared) -> Result<Turn, Busy> {
    begin_after(replica, None).await
}

/// The lease of a replica, and whether it must look the record up.
async fn leased(replica: &Shared) -> (Lease, bool) {
    let Ok(Turn::Begun {
        lease,
        must_look_up,
    }) = begin(replica).await
    else {
        panic!("it was created, or somebody else creates it")
    };
    (lease, must_look_up)
}

async fn is_busy(replica: &Shared) -> bool {
    begin(replica).await.is_err()
}

async fn is_created(replica: &Shared) -> bool {
    matches!(begin(replica).await, Ok(Turn::Created(record)) if record == created())
}

async fn end(replica: &Shared, lease: Lease, ending: Ending) {
    let key = ada();
    replica.end(vec![Ended { key, lease, ending }]).await;
}

/// Which of these jobs a replica tells to create the record.
async fn told(replica: &Shared, asked: Instant, jobs: &[&str]) -> Option<usize> {
    let name = |id: &&str| (!id.is_empty()).then(|| JobName::new(id, "m"));
    let telling = Telling {
        key: ada(),
        jobs: jobs.iter().map(name).collect(),
    };
    replica.tell(asked, vec![telling]).await[0]
}

/// The names of the entries of creates.
fn entries(redis: &Redis) -> Vec<String> {
    let names = redis.names().into_iter();
    names.filter(|name| name.contains(":create:")).collect()
}

/// Has a time in each entry be long ago: the third word is when a lease or a window ends, the sixth since when a record is created.
fn make_old(redis: &Redis, word: usize) {
    for name in entries(redis) {
        let text = redis.command(&["GET", &name]);
        let mut words: Vec<&str> = text.split(' ').collect();
        words[word - 1] = "1";
        redis.command(&["SET", &name, &words.join(" "), "KEEPTTL"]);
    }
}

fn let_leases_expire(redis: &Redis) {
    make_old(redis, 3);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn one_replica_creates_and_the_other_waits_and_gets_the_id() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, must_look_up) = leased(&first).await;
    assert!(!must_look_up);
    let waits = begin(&second).await.err().unwrap();
    end(&first, lease, Ending::Created(created())).await;
    timeout(PATIENCE, waits).await.unwrap();
    assert!(is_created(&second).await);
    // From now on this process knows it itself.
    let calls = redis.calls("evalsha");
    assert!(is_created(&second).await);
    assert_eq!(redis.calls("evalsha"), calls);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn whoever_waits_in_the_same_process_asks_the_store_when_its_turn_comes() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    assert!(is_busy(&second).await && is_busy(&second).await);
    end(&first, lease, Ending::Failed).await;
    assert!(!leased(&second).await.1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn after_an_end_without_a_result_the_record_is_looked_up_first() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    end(&first, lease, Ending::Unsure).await;
    let (lease, must_look_up) = leased(&second).await;
    assert!(must_look_up);
    end(&second, lease, Ending::Failed).await;
    assert!(!leased(&replica(&redis)).await.1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_expired_lease_is_taken_over_by_looking_up_and_its_holder_writes_no_more() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (mut lease, _) = leased(&first).await;
    lease.shared.as_mut().unwrap().starts_until = Some(Instant::now());
    assert!(is_busy(&second).await);
    let_leases_expire(&redis);
    assert!(leased(&second).await.1);
    let mut held = Held::none(Some(&first));
    held.add(ada(), lease, false);
    assert!(!held.may_write().await);
    // Its end changes nothing for the new holder.
    held.end(|_| Ending::Failed).await;
    assert!(is_busy(&first).await);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_lease_is_renewed_before_a_later_write() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (mut lease, _) = leased(&first).await;
    lease.shared.as_mut().unwrap().starts_until = Some(Instant::now());
    let_leases_expire(&redis);
    let mut held = Held::none(Some(&first));
    held.add(ada(), lease, false);
    assert!(held.may_write().await);
    assert!(is_busy(&second).await);
    let calls = redis.calls("evalsha");
    assert!(held.may_write().await);
    assert_eq!(redis.calls("evalsha"), calls, "it is new enough");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_id_that_comes_late_counts_all_the_same() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    let_leases_expire(&redis);
    let (taken_over, _) = leased(&second).await;
    end(&first, lease, Ending::Created(created())).await;
    end(&second, taken_over, Ending::Failed).await;
    assert!(is_created(&replica(&redis)).await);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_lease_whose_end_the_store_has_not_heard_of_holds_until_it_expires() {
    let redis = Redis::start();
    let (first, second) = (replica_within(&redis, "200ms"), replica(&redis));
    let (lease, _) = leased(&first).await;
    redis.stop();
    end(&first, lease, Ending::Created(created())).await;
    redis.go_on();
    assert!(is_busy(&second).await);
    let_leases_expire(&redis);
    assert!(leased(&second).await.1, "it must look up");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn while_the_store_is_away_each_replica_goes_on_and_afterwards_looks_up_first() {
    let redis = Redis::start();
    let [first, second] = ["200ms", "200ms"].map(|patience| replica_within(&redis, patience));
    let (lease, _) = leased(&first).await;
    redis.stop();
    // Two replicas on their own may create it twice.
    let (alone, _) = leased(&second).await;
    end(&second, alone, Ending::Failed).await;
    end(&first, lease, Ending::Failed).await;
    redis.go_on();
    until_up(&second).await;
    let_leases_expire(&redis);
    let (lease, must_look_up) = leased(&second).await;
    assert!(must_look_up);
    end(&second, lease, Ending::Failed).await;
    let third = replica(&redis);
    assert!(leased(&third).await.1, "so must those who were not there");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_is_created_alone_is_told_as_soon_as_the_store_is_back() {
    let redis = Redis::start();
    let (first, second) = (replica_within(&redis, "200ms"), replica(&redis));
    until_up(&first).await;
    redis.stop();
    let (alone, _) = leased(&first).await;
    redis.go_on();
    until_up(&first).await;
    end(&first, alone, Ending::Created(created())).await;
    assert!(is_created(&second).await);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn after_the_store_has_lost_its_entries_records_are_looked_up_first() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, must_look_up) = leased(&first).await;
    assert!(
        !must_look_up,
        "a store that is empty from the start has lost nothing"
    );
    redis.flush();
    // The second replica has never asked: it cannot know.
    assert!(!leased(&second).await.1);
    end(&first, lease, Ending::Created(created())).await;
    assert!(is_created(&replica(&redis)).await);
    redis.flush();
    let other = key("bob@example.com");
    let wish = Wish {
        key: other,
        looked_up: None,
    };
    let turn = first.begin(vec![wish], TIMEOUT).await.remove(0);
    assert!(matches!(
        turn,
        Ok(Turn::Begun {
            must_look_up: true,
            ..
        })
    ));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_lease_of_another_version_holds_and_anything_else_of_one_does_not_count() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    let name = entries(&redis).remove(0);
    redis.command(&["SET", &name, "2 H of a later version", "PX", "60000"]);
    assert!(is_busy(&second).await);
    assert_eq!(told(&second, Instant::now(), &["1"]).await, None);
    end(&first, lease, Ending::Created(created())).await;
    assert!(is_busy(&second).await, "it is not ours to overwrite");
    for text in ["2 C of a later version", "1 C cut off", "", "1"] {
        redis.command(&["SET", &name, text, "PX", "60000"]);
        let (lease, must_look_up) = leased(&second).await;
        assert!(!must_look_up, "{text}");
        end(&second, lease, Ending::Failed).await;
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn an_id_that_is_older_than_the_lookup_does_not_count() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    end(&first, lease, Ending::Created(created())).await;
    let now = Some(Instant::now());
    assert!(
        matches!(begin_after(&second, now).await, Ok(Turn::Created(_))),
        "it may be newer"
    );
    make_old(&redis, 6);
    let third = replica(&redis);
    assert!(matches!(
        begin_after(&third, None).await,
        Ok(Turn::Created(_))
    ));
    let fourth = replica(&redis);
    assert!(matches!(
        begin_after(&fourth, now).await,
        Ok(Turn::Begun { .. })
    ));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_record_that_is_gone_is_forgotten_by_all() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    end(&first, lease, Ending::Created(created())).await;
    let other = CreatedRecord {
        id: "00Q5g0000000002EAA".to_owned(),
        ..created()
    };
    second.forget(&ada(), &other).await;
    assert!(is_created(&second).await);
    second.forget(&ada(), &created()).await;
    assert!(!leased(&second).await.1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn asking_twice_with_one_token_is_asking_once() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let (lease, _) = leased(&first).await;
    end(&first, lease, Ending::Unsure).await;
    let lease = SharedLease {
        token: second.token(),
        timeout: TIMEOUT,
        starts_until: None,
    };
    let wish = Wish {
        key: ada(),
        looked_up: None,
    };
    let org = ada().org();
    for _ in 0..2 {
        let granted = second.ask_for(&org, &lease, [&wish].into_iter()).await;
        let (_, granted) = granted.unwrap();
        assert!(matches!(granted[..], [Granted::Unsure]));
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn of_the_jobs_of_two_replicas_one_is_told_and_is_told_again_wherever_it_comes() {
    let redis = Redis::start();
    let ([first, second], now) = (replicas(&redis), Instant::now());
    assert_eq!(told(&first, now, &["1", "2"]).await, Some(0));
    assert_eq!(told(&second, now, &["3"]).await, None);
    assert_eq!(told(&second, now, &["3", "1"]).await, Some(1));
    assert_eq!(told(&second, now, &["1"]).await, Some(0));
    assert_eq!(told(&first, now, &["2"]).await, None);
    // A job without a name is nobody's repetition.
    assert_eq!(told(&replica(&redis), now, &[""]).await, None);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_lookup_that_began_before_a_create_ended_without_a_result_tells_nobody() {
    let redis = Redis::start();
    let ([first, second], before) = (replicas(&redis), Instant::now());
    let (lease, _) = leased(&first).await;
    end(&first, lease, Ending::Unsure).await;
    assert_eq!(told(&second, before, &["1"]).await, None);
    // Whoever begins to create it looks it up first.
    assert!(leased(&second).await.1);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_job_is_told_again_once_the_record_was_found_and_then_looked_up_in_vain() {
    let redis = Redis::start();
    let ([first, second], before) = (replicas(&redis), Instant::now());
    assert_eq!(told(&first, before, &["1"]).await, Some(0));
    first.found(vec![ada()]).await;
    let state = || async { first.entries.state_of(&ada()).await };
    let found = async {
        while state().await.as_deref() != Some("F") {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, found).await.unwrap();
    assert_eq!(told(&second, before, &["2"]).await, None, "it began before");
    make_old(&redis, 6);
    assert_eq!(
        told(&replica(&redis), Instant::now(), &["2"]).await,
        Some(0)
    );
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn nobody_is_told_what_another_replica_is_creating_and_an_explanation_knows_it() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    assert!(!second.is_under_way(&ada()).await);
    let (lease, _) = leased(&first).await;
    assert!(second.is_under_way(&ada()).await);
    assert_eq!(told(&second, Instant::now(), &["1"]).await, None);
    end(&first, lease, Ending::Created(created())).await;
    assert!(second.is_under_way(&ada()).await);
    assert_eq!(told(&replica(&redis), Instant::now(), &["1"]).await, None);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_thousand_records_take_one_call_each_way() {
    let redis = Redis::start();
    let [first, second] = replicas(&redis);
    let wishes = |count: usize| -> Vec<Wish> {
        let key = |number| key(&format!("p{number}@example.com"));
        let wish = |number| Wish {
            key: key(number),
            looked_up: None,
        };
        (0..count).map(wish).collect()
    };
    let turns = first.begin(wishes(1_000), TIMEOUT).await;
    let ended = turns
        .into_iter()
        .zip(wishes(1_000))
        .map(|(turn, Wish { key, .. })| {
            let Ok(Turn::Begun { lease, .. }) = turn else {
                panic!("it is not begun")
            };
            let ending = Ending::Created(created());
            Ended { key, lease, ending }
        });
    first.end(ended.collect()).await;
    let turns = second.begin(wishes(2_500), TIMEOUT).await;
    let is_created = |turn: &Result<Turn, Busy>| matches!(turn, Ok(Turn::Created(_)));
    assert!(turns[..1_000].iter().all(is_created));
    let is_begun = |turn: &Result<Turn, Busy>| matches!(turn, Ok(Turn::Begun { .. }));
    assert!(turns[1_000..].iter().all(is_begun));
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn the_store_holds_nothing_that_tells_a_person_and_everything_expires() {
    let redis = Redis::start();
    let first = replica(&redis);
    assert_eq!(told(&first, Instant::now(), &["job-1"]).await, Some(0));
    let (lease, _) = leased(&first).await;
    end(&first, lease, Ending::Created(created())).await;
    for name in redis.names() {
        let text = redis.command(&["GET", &name]);
        // None of these can be a part of a digest.
        for planted in ["ada@", "example", "acme", "job-1"] {
            assert!(
                !name.contains(planted) && !text.contains(planted),
                "{name}: {text}"
            );
        }
        assert!(redis.command(&["PTTL", &name]).parse::<i64>().unwrap() > 0);
    }
}

/// Waits until a replica asks the store.
async fn until_up(replica: &Shared) {
    let up = async {
        while !replica.entries.0.is_up() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, up).await.unwrap();
}
