import Glibc

/// What the system says that a process is at: the letter in `/proc/PID/stat`.
package enum ProcessState: Hashable, Sendable {
    case runs
    case sleeps
    /// By a signal, as SIGSTOP: it goes on at SIGCONT.
    case stopped
    /// By a debugger.
    case traced
    /// Waits for a disk or a device, and cannot be interrupted.
    case blocked
    case ended

    /// nil where the system does not tell, or the process is gone.
    package init?(of process: Int32) {
        guard let file = fopen("/proc/\(process)/stat", "re") else { return nil }
        defer { fclose(file) }
        var text = [CChar](repeating: 0, count: 1024)
        let count = fread(&text, 1, text.count, file)
        self.init(stat: String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    /// The same from the file's text: `123 (name) S 1 …`, where the name may hold anything.
    package init?(stat text: String) {
        guard let bracket = text.lastIndex(of: ")"),
            let state = text[text.index(after: bracket)...].split(separator: " ").first
        else { return nil }
        switch state {
        case "R": self = .runs
        case "S", "I": self = .sleeps
        case "T": self = .stopped
        case "t": self = .traced
        case "D": self = .blocked
        case "Z", "X": self = .ended
        default: return nil
        }
    }
}
