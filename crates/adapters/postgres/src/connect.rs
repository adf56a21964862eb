//! Connections: TLS with libpq's `sslmode`, and the time-outs of every session.

use crate::url::{CONNECT_TIMEOUT, PostgresUrl, Tls, told};
use diesel::result::ConnectionError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{
    error::Error,
    fmt,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::timeout;
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server that was reached may take to accept the session.
const GREETING_TIMEOUT: Duration = Duration::from_secs(2);

/// The settings of a session for migrations and copies, whatever the defaults of the database are. READ COMMITTED is
/// required by the guards, and by the wait for another server's migration.
const UNLIMITED: &str = "SET statement_timeout = 0; SET lock_timeout = 0;
    SET idle_in_transaction_session_timeout = 0; SET default_transaction_isolation = 'read committed'";

/// The settings of a session for requests. A statement that waits for a lock gives up before its caller does. A
/// transaction whose client is gone doesn't keep its locks.
///
/// Every query of a request has an index. If a statement were prepared while its table is nearly empty, the plan could
/// be a sequential scan, and would be kept until the table is analysed (ADR 0011). So the values of a query change nothing
/// about its plan either, and to plan what is busy anew for each search took half as long as to read it. No query is worth
/// JIT compilation.
const SESSION: &str = "SET statement_timeout = '10s'; SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '10s'; SET default_transaction_isolation = 'read committed';
    SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; SET jit = off";

/// Opens connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    /// For each host, the configurations to try, one after the other.
    hosts: Vec<Vec<Config>>,
    /// The host that took the last connection. It is tried first, so that a host that hangs is waited for only once.
    last: Arc<AtomicUsize>,
    tls: MakeRustlsConnect,
    /// How long each host may take for all of it. The driver's own time-out covers only the TCP connection, not the server's
    /// first reply.
    patience: Duration,
}

impl Connector {
    pub(crate) fn new(url: &PostgresUrl) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let modes: &[SslMode] = match url.tls {
            Tls::Disable => &[SslMode::Disable],
            Tls::Allow => &[SslMode::Disable, SslMode::Require],
            // The second attempt is for a server that has TLS, but not for this client.
            Tls::Prefer => &[SslMode::Prefer, SslMode::Disable],
            Tls::Require | Tls::VerifyCa | Tls::VerifyFull => &[SslMode::Require],
        };
        let ways = |host: &Config| {
            let ways = modes.iter().map(|mode| {
                let mut config = host.clone();
                config.ssl_mode(*mode);
                config
            });
            ways.collect()
        };
        let connect_timeout = url.hosts.first().and_then(Config::get_connect_timeout).copied();
        Ok(Self {
            hosts: url.hosts.iter().map(ways).collect(),
            last: Arc::default(),
            tls: MakeRustlsConnect::new(client_config(url)?),
            patience: GREETING_TIMEOUT + connect_timeout.unwrap_or(CONNECT_TIMEOUT),
        })
    }

    /// Opens a connection whose statements have no time-outs.
    pub(crate) async fn connect_unlimited(&self) -> Result<AsyncPgConnection, ConnectionError> {
        self.connect_as(UNLIMITED).await
    }

    /// Opens a connection for requests.
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, ConnectionError> {
        self.connect_as(SESSION).await
    }

    async fn connect_as(&self, session: &str) -> Result<AsyncPgConnection, ConnectionError> {
        let (count, last) = (self.hosts.len(), self.last.load(Ordering::Relaxed));
        let mut reasons = Vec::new();
        for number in (last..last + count).map(|number| number % count) {
            match timeout(self.patience, self.reach(&self.hosts[number], session)).await {
                Ok(Ok(connection)) => {
                    self.last.store(number, Ordering::Relaxed);
                    return Ok(connection);
                }
                Ok(Err(reason)) => reasons.push(reason),
                Err(_) => reasons.push(format!("no answer within {} seconds", self.patience.as_secs())),
            }
        }
        Err(ConnectionError::BadConnection(reasons.join("; ")))
    }

    /// Opens a session on one host.
    async fn reach(&self, ways: &[Config], session: &str) -> Result<AsyncPgConnection, String> {
        let mut reason = "there is no way to try".to_owned();
        for way in ways {
            match way.connect(self.tls.clone()).await {
                Ok((client, connection)) => {
                    let opened = AsyncPgConnection::try_from_client_and_connection(client, connection).await;
                    let mut opened = opened.map_err(|error| told(&error))?;
                    let set = opened.batch_execute(session).await;
                    return set.map(|()| opened).map_err(|error| told(&error));
                }
                Err(error) => reason = told(&error),
            }
        }
        Err(reason)
    }
}

fn client_config(url: &PostgresUrl) -> Result<ClientConfig, Box<dyn Error + Send + Sync>> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let file = match url.root_certificate.as_deref() {
        Some("system") => None,
        Some(file) => Some(PathBuf::from(file)),
        None => default_root_certificate(),
    };
    // As in libpq, `require` with a file of authorities verifies like `verify-ca`.
    let chain = match (url.tls, file) {
        (Tls::VerifyFull, file) => {
            let roots = roots(file)?;
            return Ok(builder.with_root_certificates(roots).with_no_client_auth());
        }
        (Tls::VerifyCa, None) => {
            return Err(
                "sslmode=verify-ca needs sslrootcert: public authorities vouch for names only".into(),
            );
        }
        (Tls::VerifyCa | Tls::Require, Some(file)) => Some(roots(Some(file))?),
        _ => None,
    };
    let chain = chain
        .map(|roots| WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone()).build());
    let verifier = AnyName {
        chain: chain.transpose()?,
        provider,
    };
    Ok(builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth())
}

/// The file that libpq uses if none is named.
fn default_root_certificate() -> Option<PathBuf> {
    let file = PathBuf::from(std::env::var_os("HOME")?).join(".postgresql/root.crt");
    file.exists().then_some(file)
}

/// The certificate authorities to trust: those of the file, or the system's.
fn roots(file: Option<PathBuf>) -> Result<RootCertStore, Box<dyn Error + Send + Sync>> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = file {
        let wrong = |reason: &dyn fmt::Display| format!("sslrootcert {}: {reason}", file.display());
        for certificate in CertificateDer::pem_file_iter(&file).map_err(|error| wrong(&error))? {
            roots.add(certificate.map_err(|error| wrong(&error))?)?;
        }
        if roots.is_empty() {
            return Err(wrong(&"it holds no certificate").into());
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    Ok(roots)
}

/// Verifies the certificate chain but not the name (`verify-ca`), or nothing (`prefer` and `require`, which protect
/// against eavesdropping only). It always verifies that the server has the certificate's private key.
#[derive(Debug)]
struct AnyName {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        // The verifier checks the chain before the name.
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. })) => {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            cert,
            dss,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
