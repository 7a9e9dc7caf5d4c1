package import Glibc

/// A worker process that this process started and must see the end of.
package struct ChildProcess: Sendable {
    package let pid: pid_t

    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)

        package init(waitStatus status: Int32) {
            let signal = status & 0x7f
            self = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
        }
    }

    /// Starts `arguments` (the program's path first) in a process group of its own, so that a terminal's interrupt
    /// reaches the coordinator alone.
    /// - Parameters:
    ///   - environment: all of it: nothing is inherited.
    ///   - input: what the child reads as its standard input: the lifeline.
    ///   - output: what it writes standard output and error to.
    static func spawn(
        _ arguments: [String], environment: [String: String], input: Int32, output: Int32
    ) throws(RunFailure) -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        let program = arguments[0]
        var pid: pid_t = 0
        let code = withCStrings(arguments) { arguments in
            withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) { environment in
                posix_spawn(&pid, program, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            throw RunFailure(.bug, "could not start \(arguments[0]): \(String(cString: strerror(code)))")
        }
        return ChildProcess(pid: pid)
    }

    /// How it ended, once it has; never waits.
    func reap() -> Ending? {
        var status: Int32 = 0
        guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
        return Ending(waitStatus: status)
    }

    func signal(_ signal: Int32) { kill(pid, signal) }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { copies.forEach { free($0) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
