//! `chatgrow`: see `chatgrow --help`.

fn main() -> std::process::ExitCode {
    chatgrow::main()
}
