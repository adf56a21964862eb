//! TLS to receivers.

use rustls::{ClientConfig, RootCertStore, crypto::ring};
use std::sync::Arc;

/// The system's certificate authorities, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name.
pub(crate) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!(
            "the system has no certificate authorities, so every webhook to https will fail; \
             install them (ca-certificates), or name a file in SSL_CERT_FILE"
        );
    }
    roots
}

/// Verifies receivers by these authorities.
#[expect(clippy::expect_used, reason = "ring implements the default versions")]
pub(crate) fn client_config(roots: RootCertStore) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions of TLS");
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Arc::new(config)
}
