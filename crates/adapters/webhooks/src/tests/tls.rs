//! TLS: who is trusted.

use super::support::{Fake, PUBLIC, answer, environment, listen, serve, settings, webhook};
use crate::Webhooks;
use chatgrow_domain::SendFailure;
use chatgrow_ports::{SentWebhook, WebhookSender};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{NoClientAuth, WebPkiClientVerifier, danger::ClientCertVerifier},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

/// A certificate authority, and what trusts it.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    fn roots(&self) -> RootCertStore {
        let mut roots = RootCertStore::empty();
        roots.add(self.issuer.der().clone()).unwrap();
        roots
    }

    /// A receiver with a certificate for that name or address.
    async fn receiver(&self, name: &str) -> SocketAddr {
        self.receiver_with(name, |_| {}, Arc::new(NoClientAuth)).await
    }

    async fn receiver_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
        clients: Arc<dyn ClientCertVerifier>,
    ) -> SocketAddr {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        listen(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, &answer("200 OK", b"ok")).await;
                }
            }
        })
        .await
    }
}

async fn sent(url: &str, receiver: SocketAddr, roots: RootCertStore) -> SentWebhook {
    let mut environment = environment(Fake::new(receiver, &[PUBLIC], &[]));
    environment.roots = roots;
    Webhooks::within(settings(""), environment)
        .send(webhook(url))
        .await
}

#[tokio::test]
async fn a_receiver_with_a_good_certificate_is_trusted() {
    let authority = Authority::new();
    for (host, name) in [
        ("receiver.example", "receiver.example"),
        ("receiver.example.", "receiver.example"),
        ("a.receiver.example:8443", "*.receiver.example"),
        (PUBLIC, PUBLIC),
        ("[2606:4700::1111]", "2606:4700::1111"),
    ] {
        let receiver = authority.receiver(name).await;
        let sent = sent(&format!("https://{host}/"), receiver, authority.roots()).await;
        assert_eq!(
            (sent.outcome, sent.answer.as_deref()),
            (Ok(200), Some("ok")),
            "{host}"
        );
    }
}

#[tokio::test]
async fn others_are_not() {
    let (authority, other) = (Authority::new(), Authority::new());
    let good = authority.receiver("receiver.example").await;
    let misnamed = authority.receiver("other.example").await;
    let expire = |params: &mut CertificateParams| params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let expired = authority.receiver_with("receiver.example", expire, Arc::new(NoClientAuth));
    // With TLS 1.3, it refuses the sender after the handshake.
    let roots = Arc::new(authority.roots());
    let clients = WebPkiClientVerifier::builder_with_provider(roots, Arc::new(ring::default_provider()));
    let choosy = authority.receiver_with("receiver.example", |_| {}, clients.build().unwrap());
    let plain = listen(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    });
    for (case, receiver, roots) in [
        ("another authority", good, other.roots()),
        ("no authority", good, RootCertStore::empty()),
        ("another name", misnamed, authority.roots()),
        ("expired", expired.await, authority.roots()),
        ("a certificate is wanted", choosy.await, authority.roots()),
        ("no TLS", plain.await, authority.roots()),
    ] {
        let sent = sent("https://receiver.example/", receiver, roots).await;
        assert_eq!(
            (sent.outcome, sent.answer),
            (Err(SendFailure::Tls), None),
            "{case}"
        );
    }
    // A certificate for the name is none for the address.
    let sent = sent(&format!("https://{PUBLIC}/"), good, authority.roots()).await;
    assert_eq!(sent.outcome, Err(SendFailure::Tls));
}
