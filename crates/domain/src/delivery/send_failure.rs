//! Why a webhook got no answer.

use crate::choice::choice;

choice! {
    /// Why a webhook got no whole answer. These words are all that an account learns of a failure: they have no address
    /// and no detail, so nobody can use webhooks to look around in the server's network.
    SendFailure {
        /// The receiver's name or address leads to where this server may not call. Nothing was sent.
        ForbiddenAddress = "forbidden_address",
        /// The URL has `http`, which the operator doesn't allow, or no longer. Nothing was sent.
        ForbiddenHttp = "forbidden_http",
        /// The URL or the id can't be written in a request. Nothing was sent, and another try doesn't help.
        InvalidRequest = "invalid_request",
        /// The receiver's name has no address.
        NameNotResolved = "name_not_resolved",
        /// No address of the receiver took the connection.
        CannotConnect = "cannot_connect",
        /// No trusted connection: the receiver's certificate is not valid for it, or it doesn't speak TLS.
        Tls = "tls",
        /// The connection, or the whole answer, took too long. The receiver may have taken the webhook in.
        TimedOut = "timed_out",
        /// The receiver closed the connection before the answer was whole, or what it answered is not HTTP. It may have
        /// taken the webhook in.
        BrokenAnswer = "broken_answer",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Invalid;

    #[test]
    fn every_word_is_read_back() {
        for failure in SendFailure::ALL {
            assert_eq!(failure.as_str().parse(), Ok(*failure));
        }
        assert!(matches!(
            "refused".parse::<SendFailure>(),
            Err(Invalid::NotOneOf { .. })
        ));
    }
}
