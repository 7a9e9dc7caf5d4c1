import Glibc

/// Writes to standard output and error: whole, at once, waiting where there is no room for more.
package enum Console {
    /// A line, or several, on standard output.
    /// - Throws: what a command must not hide: its output is not there.
    package static func print(_ text: String) throws(SystemError) { try write(text + "\n", to: STDOUT_FILENO) }

    package static func write(_ text: String, to descriptor: Int32) throws(SystemError) {
        try File.write(Array(text.utf8), to: descriptor, path: name(of: descriptor))
    }

    /// To standard error, with what a terminal would act on spelled out: messages quote what users typed. There is nobody
    /// to tell of a failure.
    package static func complain(_ message: String) {
        try? write("echelon: \(message.printableLines(1000, limit: 1 << 16))\n", to: STDERR_FILENO)
    }

    /// To standard error: what is being done. There is nobody to tell of a failure.
    package static func note(_ text: String) { try? write("echelon: \(text)\n", to: STDERR_FILENO) }

    package static func name(of descriptor: Int32) -> String {
        descriptor == STDERR_FILENO ? "standard error" : "standard output"
    }
}
