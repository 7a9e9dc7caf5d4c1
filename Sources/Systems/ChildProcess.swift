package import Glibc

/// A worker process that this process started and must see the end of.
package struct ChildProcess: Sendable {
    package let pid: pid_t

    package init(pid: pid_t) { self.pid = pid }

    package enum Ending: Equatable, Sendable {
        case exited(Int32)
        case killed(signal: Int32)

        package init(waitStatus status: Int32) {
            let signal = status & 0x7f
            self = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
        }
    }

    /// Starts this program again with `arguments`, or another one, in a process group of its own, so that a terminal's
    /// interrupt reaches the coordinator alone. It inherits three descriptors and no others.
    /// - Parameters:
    ///   - arguments: without the program's name.
    ///   - program: another program's name, looked for along PATH; nil: this one.
    ///   - environment: all of it: nothing is inherited.
    ///   - input: what the child reads as its standard input: the lifeline.
    ///   - output: what it writes standard output and error to.
    package static func spawn(
        _ arguments: [String], program: String? = nil, environment: [String: String], input: Int32, output: Int32
    ) throws(SystemError) -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)
        closeOthers(&actions)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var pid: pid_t = 0
        let code = withCStrings([program ?? Program.path] + arguments) { arguments in
            withCStrings(environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }) { environment in
                program == nil
                    ? posix_spawn(&pid, Program.executable, &actions, &attributes, arguments, environment)
                    : posix_spawnp(&pid, program ?? "", &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else { throw SystemError("start", program ?? Program.path, errno: code) }
        return ChildProcess(pid: pid)
    }

    /// All variables of this process's environment.
    package static var inheritedEnvironment: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let sign = pair.firstIndex(of: "=") {
                variables[String(pair[..<sign])] = String(pair[pair.index(after: sign)...])
            }
            entry += 1
        }
        return variables
    }

    /// How it ended, once it has; never waits. A child that the system does not know any more (somebody else waited for
    /// it, or nobody had to) has ended, nobody knows how.
    package func reap() -> Ending? {
        var status: Int32 = 0
        let found = waitpid(pid, &status, WNOHANG)
        if found == pid { return Ending(waitStatus: status) }
        return found < 0 && errno == ECHILD ? .exited(0) : nil
    }

    package func signal(_ signal: Int32) { kill(pid, signal) }

    /// Every descriptor of ours is opened to be closed in children; those of libraries may not be. C libraries older than
    /// glibc 2.34 do not have this call.
    private static func closeOthers(_ actions: inout posix_spawn_file_actions_t) {
        typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else { return }
        _ = unsafeBitCast(symbol, to: CloseFrom.self)(&actions, STDERR_FILENO + 1)
    }

    private static func withCStrings<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
    ) -> Result {
        let copies = strings.map { strdup($0) } + [nil]
        defer { copies.forEach { free($0) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}
