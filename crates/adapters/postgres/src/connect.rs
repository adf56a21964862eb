//! Connections: the URL, TLS with libpq's `sslmode`, and the time-outs of every session.

use diesel::result::ConnectionError;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use percent_encoding::percent_decode_str;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use std::{error::Error, fmt, iter, net::IpAddr, path::PathBuf, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long it may take to reach an address, if the URL doesn't say (`connect_timeout`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a server that was reached may take to accept the session.
const GREETING_TIMEOUT: Duration = Duration::from_secs(2);

/// How long sent data may stay unacknowledged.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(10);

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

/// How TLS is used: libpq's `sslmode` (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tls {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Where a database is, and how to connect to it: `postgres://user:password@host:port/database?sslmode=…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    config: Config,
    tls: Tls,
    /// libpq's `sslrootcert`: a file, or `system`.
    root_certificate: Option<String>,
}

/// Shows the server and the database, never the password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.config.get_hosts().iter().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{}", folder.display())?,
            }
        }
        let database = self.config.get_dbname().or(self.config.get_user());
        write!(f, "/{}", database.unwrap_or_default())
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PostgresUrl {
    /// Parses a URL as libpq does.
    ///
    /// # Errors
    /// What is wrong with the URL. The text never contains the password.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut tls, mut root_certificate, mut rest) = (None, None, Vec::new());
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            match name {
                "sslmode" => tls = Some(mode(&value)?),
                "sslrootcert" => root_certificate = Some(value.into_owned()),
                // The name may be part of a password, which no message may contain.
                _ if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                    return Err(
                        "it has an option that is not known; a ? in a password is written as %3F".to_owned(),
                    );
                }
                _ => rest.push(parameter),
            }
        }
        let mut config: Config = format!("{address}?{}", rest.join("&"))
            .parse()
            .map_err(|error| told(&error))?;
        if config.get_hosts().is_empty() {
            return Err("it names no host".to_owned());
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(NETWORK_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("chatgrow");
        }
        // As in libpq, a Unix socket needs no TLS, whatever the mode is, and the system's certificate authorities imply
        // `verify-full`.
        let remote = config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(_)));
        let default = match root_certificate.as_deref() {
            Some("system") => Tls::VerifyFull,
            _ => Tls::Prefer,
        };
        let tls = if remote {
            tls.unwrap_or(default)
        } else {
            Tls::Disable
        };
        if remote && root_certificate.as_deref() == Some("system") && tls != Tls::VerifyFull {
            // Otherwise any publicly trusted certificate would be accepted.
            return Err("sslrootcert=system takes no sslmode but verify-full".to_owned());
        }
        Ok(Self {
            config,
            tls,
            root_certificate,
        })
    }

    /// Whether TLS to a remote host is optional (`allow` and `prefer`), so that data may be read on the way. Then TLS
    /// is used only if the server offers it, and nothing verifies the server.
    #[must_use]
    pub fn may_go_unencrypted(&self) -> bool {
        let is_local = |name: &str| {
            name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
        };
        let remote = |host: &Host| matches!(host, Host::Tcp(name) if !is_local(name));
        matches!(self.tls, Tls::Allow | Tls::Prefer) && self.config.get_hosts().iter().any(remote)
    }
}

fn mode(name: &str) -> Result<Tls, String> {
    Ok(match name {
        "disable" => Tls::Disable,
        "allow" => Tls::Allow,
        "prefer" => Tls::Prefer,
        "require" => Tls::Require,
        "verify-ca" => Tls::VerifyCa,
        "verify-full" => Tls::VerifyFull,
        _ => return Err("sslmode is disable, allow, prefer, require, verify-ca or verify-full".to_owned()),
    })
}

/// An error and its causes in one line.
fn told(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source()).map(ToString::to_string);
    causes.collect::<Vec<_>>().join(": ")
}

/// Opens connections to one database.
#[derive(Clone)]
pub(crate) struct Connector {
    /// The configurations to try, one after the other.
    ways: Vec<Config>,
    tls: MakeRustlsConnect,
    /// How long each attempt may take. The driver's own time-out covers only the TCP connection, not the server's first
    /// reply.
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
        let ways = modes.iter().map(|mode| {
            let mut config = url.config.clone();
            config.ssl_mode(*mode);
            config
        });
        Ok(Self {
            ways: ways.collect(),
            tls: MakeRustlsConnect::new(client_config(url)?),
            patience: GREETING_TIMEOUT
                + url
                    .config
                    .get_connect_timeout()
                    .copied()
                    .unwrap_or(CONNECT_TIMEOUT)
                    * u32::try_from(url.config.get_hosts().len())?,
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
        let mut reason = "there is no way to try".to_owned();
        for way in &self.ways {
            match timeout(self.patience, way.connect(self.tls.clone())).await {
                Ok(Ok((client, connection))) => {
                    let mut connection =
                        AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
                    connection
                        .batch_execute(session)
                        .await
                        .map_err(ConnectionError::CouldntSetupConfiguration)?;
                    return Ok(connection);
                }
                Ok(Err(error)) => reason = told(&error),
                Err(_) => reason = format!("no answer within {} seconds", self.patience.as_secs()),
            }
        }
        Err(ConnectionError::BadConnection(reason))
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
