//! What every answer has in common: request ids, headers, methods, paths, CORS, time-outs.
