//! Where the database is: a URL as libpq takes it.

use percent_encoding::percent_decode_str;
use std::{error::Error, fmt, iter, net::IpAddr, time::Duration};
use tokio_postgres::{Config, config::Host};

/// How long it may take to reach an address, if the URL doesn't say (`connect_timeout`).
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How long sent data may stay unacknowledged.
const NETWORK_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may be idle before the system probes it (TCP keepalive), and how often it probes. It gives up
/// after [`NETWORK_TIMEOUT`].
const KEEPALIVE: Duration = Duration::from_secs(5);

/// How TLS is used: libpq's `sslmode` (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tls {
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
    /// Each host alone, at least one. Together, they would share one time-out.
    pub(crate) hosts: Vec<Config>,
    pub(crate) tls: Tls,
    /// libpq's `sslrootcert`: a file, or `system`.
    pub(crate) root_certificate: Option<String>,
}

/// Shows the server and the database, never the password.
impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, host) in self.hosts().enumerate() {
            f.write_str(if index == 0 { "" } else { "," })?;
            match host {
                Host::Tcp(name) => f.write_str(name)?,
                #[cfg(unix)]
                Host::Unix(folder) => write!(f, "{}", folder.display())?,
            }
        }
        let database = self
            .hosts
            .first()
            .and_then(|host| host.get_dbname().or(host.get_user()));
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
                "load_balance_hosts" if value != "disable" => {
                    return Err(
                        "load_balance_hosts is not supported: each server keeps to one host".to_owned(),
                    );
                }
                // The name may be part of a password, which no message may contain.
                _ if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') => {
                    return Err(
                        "it has an option that is not known; a ? in a password is written as %3F".to_owned(),
                    );
                }
                _ => rest.push(parameter),
            }
        }
        let rest = rest.join("&");
        let hosts = each_host(address).map(|address| config(&address, &rest));
        let hosts: Vec<_> = hosts.collect::<Result<_, _>>()?;
        if hosts.iter().any(|host| host.get_hosts().is_empty()) {
            return Err("it names no host".to_owned());
        }
        if hosts
            .iter()
            .any(|host| host.get_hosts().len() > 1 || host.get_hostaddrs().len() > 1)
        {
            return Err("several hosts go before the database, as in one,two/chatgrow".to_owned());
        }
        // As in libpq, a Unix socket needs no TLS, whatever the mode is, and the system's certificate authorities imply
        // `verify-full`.
        let is_remote = |host: &Host| matches!(host, Host::Tcp(_));
        let remote = hosts.iter().flat_map(Config::get_hosts).any(is_remote);
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
            hosts,
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
        matches!(self.tls, Tls::Allow | Tls::Prefer) && self.hosts().any(remote)
    }

    fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.hosts.iter().flat_map(Config::get_hosts)
    }
}

/// Parses a URL that has only options of the driver.
fn config(address: &str, options: &str) -> Result<Config, String> {
    let parsed = format!("{address}?{options}").parse();
    let mut config: Config = parsed.map_err(|error| told(&error))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(NETWORK_TIMEOUT);
    }
    if !options.contains("keepalives_idle=") {
        config.keepalives_idle(KEEPALIVE);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(KEEPALIVE);
    }
    if config.get_application_name().is_none() {
        config.application_name("chatgrow");
    }
    Ok(config)
}

/// The address with each of its hosts alone: `postgres://user:password@host:port/database`.
fn each_host(address: &str) -> impl Iterator<Item = String> {
    let authority = address.find("://").map_or(0, |scheme| scheme + "://".len());
    let hosts = address[authority..]
        .find('@')
        .map_or(authority, |at| authority + at + 1);
    let end = address[hosts..]
        .find('/')
        .map_or(address.len(), |slash| hosts + slash);
    let (before, after) = (&address[..hosts], &address[end..]);
    address[hosts..end]
        .split(',')
        .map(move |host| format!("{before}{host}{after}"))
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
pub(crate) fn told(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source()).map(ToString::to_string);
    causes.collect::<Vec<_>>().join(": ")
}
