//! Connections: TLS as in libpq, and the error message of each failure.

use crate::support::open;
use chatgrow_ports::StoreHealth;
use chatgrow_postgres::PostgresUrl;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use std::{fs, net::TcpListener, time::Instant};
use throwaway_postgres::{PASSWORD, Server, connect};

/// Why the store can't be opened.
async fn refusal(url: &str) -> String {
    let started = Instant::now();
    let refusal = open(url).await.err().unwrap().to_string();
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    assert!(
        !refusal.contains(PASSWORD) && !refusal.contains('\n'),
        "{refusal}"
    );
    refusal
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::default();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test]
async fn tls_is_used_and_verified_as_the_url_says() {
    let Some(server) = Server::start("ssl_cert_file = '../server.crt'\nssl_key_file = '../server.key'\n")
    else {
        return;
    };
    // The certificate is for localhost, not for 127.0.0.1.
    let (ours, another) = (authority(), authority());
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .signed_by(&key, &ours)
        .unwrap();
    for (name, text) in [
        ("server.crt", certificate.pem()),
        ("server.key", key.serialize_pem()),
        ("ours.crt", ours.pem()),
        ("another.crt", another.pem()),
    ] {
        fs::write(server.file(name), text).unwrap();
        if name.starts_with("server") {
            server.own(&server.file(name));
        }
    }
    let admin = connect(&server.url("postgres")).await;
    for statement in [
        "CREATE DATABASE tls",
        "ALTER SYSTEM SET ssl = on",
        "SELECT pg_reload_conf()",
    ] {
        admin.batch_execute(statement).await.unwrap();
    }
    while admin
        .query_one("SHOW ssl", &[])
        .await
        .unwrap()
        .get::<_, String>(0)
        != "on"
    {
        tokio::task::yield_now().await;
    }

    let by_number = server.tcp_url("tls");
    let by_name = by_number.replace("127.0.0.1", "localhost");
    let root = |name| format!("&sslrootcert={}", server.file(name).display());
    let (ours, another) = (root("ours.crt"), root("another.crt"));
    for (url, mode, root, encrypted) in [
        (&by_number, "disable", "", Some(false)),
        (&by_number, "allow", "", Some(false)),
        (&by_number, "prefer", "", Some(true)),
        (&by_number, "require", "", Some(true)),
        (&by_number, "require", ours.as_str(), Some(true)),
        (&by_number, "require", another.as_str(), None),
        (&by_number, "verify-ca", ours.as_str(), Some(true)),
        (&by_number, "verify-ca", another.as_str(), None),
        (&by_name, "verify-full", ours.as_str(), Some(true)),
        (&by_name, "verify-full", another.as_str(), None),
        (&by_name, "verify-full", "&sslrootcert=system", None),
        (&by_number, "verify-full", ours.as_str(), None),
        (&by_name, "verify-full", "&sslrootcert=/no/such/file", None),
        (&by_number, "verify-ca", "", None),
    ] {
        let url = format!("{url}?sslmode={mode}{root}&application_name={mode}");
        let opened = open(&url).await;
        let Some(encrypted) = encrypted else {
            let refusal = opened.err().unwrap().to_string();
            assert!(
                ["certificate", "/no/such/file", "needs sslrootcert"]
                    .iter()
                    .any(|cause| refusal.contains(cause)),
                "{url}: {refusal}"
            );
            continue;
        };
        let store = opened.unwrap_or_else(|error| panic!("{url}: {error}"));
        store.check().await.unwrap();
        let sessions =
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = $1";
        let sessions = admin.query(sessions, &[&mode]).await.unwrap();
        assert!(!sessions.is_empty(), "{url}");
        assert!(
            sessions
                .iter()
                .all(|session| session.get::<_, bool>(0) == encrypted),
            "{url}"
        );
    }

    // If the server accepts only TLS, `allow` falls back to it.
    let rules = fs::read_to_string(server.file("data/pg_hba.conf")).unwrap();
    fs::write(
        server.file("data/pg_hba.conf"),
        format!("hostnossl all all 127.0.0.1/32 reject\n{rules}"),
    )
    .unwrap();
    server.crash();
    server.restart();
    open(&format!("{by_number}?sslmode=allow")).await.unwrap();
    let refusal = refusal(&format!("{by_number}?sslmode=disable")).await;
    assert!(refusal.contains("pg_hba.conf"), "{refusal}");
}

#[tokio::test]
async fn what_is_in_the_way_of_a_connection_is_told_in_one_line() {
    let Some(server) = Server::start("") else { return };
    let url = server.tcp_url("postgres");
    for (url, cause) in [
        (
            url.replace(PASSWORD, "wrong"),
            "password authentication failed for user \"postgres\"",
        ),
        (server.tcp_url("nowhere"), "database \"nowhere\" does not exist"),
        (format!("{url}?sslmode=require"), "server does not support TLS"),
    ] {
        let refusal = refusal(&url).await;
        assert!(
            refusal.contains("127.0.0.1/") && refusal.contains(cause),
            "{refusal}"
        );
    }

    let admin = connect(&server.url("postgres")).await;
    admin
        .batch_execute("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'")
        .await
        .unwrap();
    let refusal_of_encoding = refusal(&server.url("ascii")).await;
    assert!(refusal_of_encoding.contains("SQL_ASCII"), "{refusal_of_encoding}");

    // A server that lets this role create neither extensions nor tables.
    for statement in ["CREATE ROLE poor LOGIN", "CREATE DATABASE rich"] {
        admin.batch_execute(statement).await.unwrap();
    }
    let refusal_of_extension = refusal(&server.url("rich").replace("postgres@", "poor@")).await;
    assert!(
        refusal_of_extension.contains("permission denied"),
        "{refusal_of_extension}"
    );
}

#[tokio::test]
async fn nobody_who_answers_is_waited_for_in_vain() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = nobody.local_addr().unwrap().port();
    let url = format!("postgres://postgres:{PASSWORD}@127.0.0.1:{port}/chatgrow");
    let refusal_of_silence = refusal(&format!("{url}?connect_timeout=1")).await;
    assert!(
        refusal_of_silence.contains("no answer within 3 seconds"),
        "{refusal_of_silence}"
    );
    drop(nobody);
    let refusal_of_port = refusal(&url).await;
    assert!(
        refusal_of_port.contains("Connection refused"),
        "{refusal_of_port}"
    );
}

#[test]
fn a_url_is_told_without_its_password() {
    let url = PostgresUrl::parse("postgres://me:secret@one,two:5433/chatgrow?sslmode=verify-full").unwrap();
    assert_eq!(
        (url.to_string(), format!("{url:?}")),
        ("one,two/chatgrow".into(), "one,two/chatgrow".into())
    );
    for bad in [
        "postgres://me:secret@host/chatgrow?sslmode=on",
        "postgres://me:secret@host:port/chatgrow",
        "postgres://me:secret@host/chatgrow?sslcert=me.crt",
        "postgres:///chatgrow?user=me",
        "postgres://me:secret@host/chatgrow?sslmode=require&sslrootcert=system",
    ] {
        let told = PostgresUrl::parse(bad).unwrap_err();
        assert!(!told.contains("secret"), "{told}");
    }
}
