//! Replicas find the store, lose it and find it again, in each form that a store has.

use futures_util::future::join_all;

use crate::{
    fixtures::{lead_job, org},
    redis::{Cluster, Redis, Sentinel},
    replicas::{Replica, process, processes, service},
    service::serve,
};

#[tokio::test]
async fn replicas_share_a_store_lose_it_and_share_it_again() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replicas = processes::<2>(&salesforce, &redis.url(), &[]).await;
    redis.stop();
    join_all(replicas.each_ref().map(|it| it.until_sharing("away"))).await;
    for replica in &replicas {
        assert_eq!(
            replica.get("/ready").await.status,
            200,
            "events flow all the same"
        );
    }
    redis.go_on();
    join_all(replicas.each_ref().map(|it| it.until_sharing("up"))).await;
}

#[tokio::test]
async fn a_store_that_is_started_again_is_shared_again() {
    let (org, mut redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let replica = service(&salesforce, &redis.url(), &[]).await;
    redis.without(replica.until_sharing("away")).await;
    replica.until_sharing("up").await;
}

#[tokio::test]
async fn a_password_and_tls_are_spoken() {
    let (org, locked, private) = (org().build(), Redis::with_password(), Redis::with_tls());
    let salesforce = serve(org.router()).await;
    process(&salesforce, &locked.url(), &[]).await;
    let authority = [("SHARED_STATE_CA_FILE", &*private.tls().authority)];
    process(&salesforce, &private.url(), &authority).await;
}

#[tokio::test]
async fn a_certificate_of_this_service_is_shown() {
    let (org, redis) = (org().build(), Redis::with_client_certificates());
    let salesforce = serve(org.router()).await;
    let tls = redis.tls();
    let files = [
        ("SHARED_STATE_CA_FILE", &*tls.authority),
        ("SHARED_STATE_CERT_FILE", &*tls.certificate),
        ("SHARED_STATE_CERT_KEY_FILE", &*tls.key),
    ];
    process(&salesforce, &redis.url(), &files).await;
}

#[tokio::test]
async fn a_cluster_and_sentinels_are_stores() {
    let (org, redis) = (org().build(), Redis::start());
    let salesforce = serve(org.router()).await;
    let (cluster, sentinel) = (Cluster::start().await, Sentinel::of(&redis));
    let inline = [("DELIVERY", "inline")];
    let at_cluster = process(&salesforce, &cluster.url(), &inline).await;
    let with_sentinel = process(&salesforce, &sentinel.url(), &inline).await;
    let jobs = [lead_job(1, "ada@example.com")];
    for replica in [at_cluster, with_sentinel] {
        assert_eq!(replica.routed(&jobs).await[0]["statusCode"], 299);
        assert_eq!(replica.sharing().await, "up");
    }
    assert!(cluster.names().len() > 1, "{:?}", cluster.names());
    assert!(redis.names().len() > 1, "{:?}", redis.names());
}
