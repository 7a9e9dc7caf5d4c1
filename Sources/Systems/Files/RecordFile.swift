import Glibc

/// A file that grows record by record, whose failure stops nothing: a record that cannot be written whole is taken back,
/// counted, and the next one is tried again. For logs: what they are about is worth more than they are.
package final class RecordFile {
    package let path: String
    private let file: Int32
    /// Bytes of whole records.
    package private(set) var length = 0
    private var isOpen = true
    /// Nothing has been written yet.
    package var isEmpty: Bool { length == 0 }
    /// Records that are not in the file.
    package private(set) var lost = 0
    /// Why the first of them is not.
    package private(set) var firstError: SystemError?

    /// Makes the file, or empties it.
    package init(_ path: String) throws(SystemError) {
        self.path = path
        file = try File.create(path)
    }

    /// Goes on behind what the file holds; makes it where there is none.
    package init(continuing path: String) throws(SystemError) {
        self.path = path
        file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SystemError("create", path) }
        length = Int(max(0, lseek(file, 0, SEEK_END)))
    }

    deinit { close() }

    /// - Returns: the error, where this is the first record that could not be written.
    @discardableResult
    package func append(_ record: [UInt8]) -> SystemError? {
        do throws(SystemError) {
            try File.write(record, to: file, path: path)
            length += record.count
            return nil
        } catch {
            // What was written of it would make the next record unreadable.
            ftruncate(file, off_t(length))
            lseek(file, off_t(length), SEEK_SET)
            lost += 1
            defer { firstError = firstError ?? error }
            return firstError == nil ? error : nil
        }
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        Glibc.close(file)
    }
}
