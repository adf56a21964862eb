//! What operators watch of the pool, read when they look.

use diesel_async::{AsyncPgConnection, pooled_connection::deadpool::Pool};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
};
use std::fmt;

pub(crate) struct PoolUse(pub(crate) Pool<AsyncPgConnection>);

impl fmt::Debug for PoolUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolUse").field(&self.0.status()).finish()
    }
}

impl Collector for PoolUse {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let status = self.0.status();
        for (name, help, value) in [
            (
                "connections_max",
                "The most connections that may be open",
                status.max_size,
            ),
            ("connections", "Connections that are open", status.size),
            (
                "connections_idle",
                "Open connections that nobody uses",
                status.available,
            ),
            (
                "connections_waited_for",
                "Calls that wait for a connection",
                status.waiting,
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
