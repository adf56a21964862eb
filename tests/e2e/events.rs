//! Events, as the guide and the contract's table say.
