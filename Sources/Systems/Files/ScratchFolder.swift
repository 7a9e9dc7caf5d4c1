import Glibc

/// Where folders stand for what lives no longer than a command (`OwnedFolder`): below `TMPDIR` where it is set, else below `/tmp`.
package enum ScratchFolder {
    /// What a folder of sockets is called, before its hyphen and random letters.
    package static let socketsName = "echelon-run"

    /// Where folders are made.
    package static var parent: String {
        guard let given = getenv("TMPDIR").map({ String(cString: $0) }), given.hasPrefix("/") else { return "/tmp" }
        return given
    }

    /// Where a folder of sockets can be made: a Unix socket's path has at most 107 bytes, and `TMPDIR` may be longer.
    ///
    /// - Parameters:
    ///   - room: bytes that follow: the folder's own name and its longest socket's.
    ///   - wanted: the first choice.
    ///   - others: what is tried behind it.
    /// - Throws: why the first choice does not work, where no other does.
    package static func parentForSockets(
        room: Int = 64, wanted: String = parent, others: [String] = ["/tmp", "/dev/shm"]
    ) throws(SystemError) -> String {
        do throws(SystemError) {
            try checkSockets(in: wanted, room: room)
            return wanted
        } catch {
            let other = others.first { folder in
                do throws(SystemError) {
                    try checkSockets(in: folder, room: room)
                    return true
                } catch { return false }
            }
            guard let other else { throw error }
            return other
        }
    }

    private static func checkSockets(in folder: String, room: Int) throws(SystemError) {
        let operation = "make sockets in"
        guard folder.utf8.count + room <= 107 else { throw SystemError(operation, folder, errno: ENAMETOOLONG) }
        do throws(SystemError) {
            rmdir(try make(socketsName, in: folder))
        } catch {
            throw SystemError(operation, folder, error.reason)
        }
    }

    /// A new private folder (mode 0700), `NAME-XXXXXX`.
    static func make(_ name: String, in parent: String) throws(SystemError) -> String {
        var template = Array("\(parent)/\(name)-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { $0.baseAddress.map { mkdtemp($0) != nil } ?? false }
        guard made else { throw SystemError("make a folder in", parent) }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
