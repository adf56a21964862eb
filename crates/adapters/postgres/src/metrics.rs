//! Metrics of the connections, read when they are scraped.

use crate::pools::Pools;
use deadpool::Status;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::gauge::ConstGauge,
};
use std::{fmt, sync::Arc};

pub(crate) struct PoolUse(pub(crate) Arc<Pools>);

impl fmt::Debug for PoolUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.statuses()).finish()
    }
}

impl Collector for PoolUse {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let sum = |of: fn(Status) -> usize| self.0.statuses().map(of).sum::<usize>();
        for (name, help, value) in [
            (
                "connections_max",
                "The most connections that the threads so far may open",
                sum(|status| status.max_size),
            ),
            (
                "connections",
                "Connections that are open",
                sum(|status| status.size),
            ),
            (
                "connections_idle",
                "Open connections that nobody uses",
                sum(|status| status.available),
            ),
            (
                "connections_waited_for",
                "Calls that wait for a connection",
                sum(|status| status.waiting),
            ),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }
}
