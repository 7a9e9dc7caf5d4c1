internal import Glibc
internal import Systems

/// A safetensors file while several processes write it, as the one that coordinates them sees it.
///
/// `init` creates `<path>.partial` at its full size with its header. Workers fill in their tensors, each with a
/// `SafetensorsWriter`. `commit` puts the file in its place, durably; without it the partial file is removed, and
/// whatever was at `path` stays.
package final class SafetensorsDraft {
    package let path: String
    package let layout: SafetensorsLayout
    private let descriptor: Int32
    private var isOpen = true

    /// Throws when `<path>.partial` exists (unless it is to be replaced: by who knows that nobody writes it), the file
    /// system has too little room, or creating the file fails.
    package init(
        path: String, layout: SafetensorsLayout, replacingPartial: Bool = false
    ) throws(CheckpointError) {
        let partial = Self.partialPath(path)
        if replacingPartial && unlink(partial) != 0 && errno != ENOENT { throw .system(partial, "remove") }
        try Self.checkSpace(path, needed: layout.fileByteCount)
        descriptor = open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(partial, "create") }
        self.path = path
        self.layout = layout
        let code = posix_fallocate(descriptor, 0, layout.fileByteCount)
        guard code == 0 else { throw .system(partial, "reserve \(layout.fileByteCount) bytes", code) }
        try layout.header.withUnsafeBufferPointer { header throws(CheckpointError) in
            try writeAll(UnsafeRawBufferPointer(header), to: descriptor, at: 0, partial)
        }
    }

    deinit { discard() }

    /// Where workers write.
    package var partialPath: String { Self.partialPath(path) }

    /// Puts the finished file in its place. `bytesWritten` is the sum of what the writers' `finish` returned. Throws,
    /// and discards the draft, when that is not every byte of the data or the system reports an error.
    package func commit(bytesWritten: Int) throws(CheckpointError) {
        precondition(isOpen, "a draft ends once")
        guard bytesWritten == layout.dataByteCount else {
            discard()
            throw .incomplete(path: partialPath, expected: layout.dataByteCount, got: bytesWritten)
        }
        guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else {
            let error = CheckpointError.system(partialPath, "put in its place")
            discard()
            throw error
        }
        isOpen = false
        close(descriptor)
        try Self.syncFolder(of: path)
    }

    /// Removes the partial file. Does nothing after `commit`.
    package func discard() {
        guard isOpen else { return }
        isOpen = false
        close(descriptor)
        unlink(partialPath)
    }

    private static func partialPath(_ path: String) -> String { path + ".partial" }

    private static func folder(_ path: String) -> String {
        let folder = WeightsPath.folder(of: path)
        return folder.isEmpty ? "." : folder
    }

    private static func checkSpace(_ path: String, needed: Int) throws(CheckpointError) {
        let free: Int
        do throws(SystemError) { free = try File.freeBytes(at: folder(path)) } catch { throw CheckpointError(error) }
        guard free >= needed else { throw .space(path: path, needed: needed, free: free) }
    }

    /// The rename lasts only once the folder is on disk.
    static func syncFolder(of path: String) throws(CheckpointError) {
        let folder = folder(path)
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(folder, "open") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .system(folder, "sync") }
    }
}

/// Writes all bytes at an offset of the file.
func writeAll(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: Int, _ path: String
) throws(CheckpointError) {
    var written = 0
    while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let count = pwrite(descriptor, rest.baseAddress, rest.count, off_t(offset + written))
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { throw .system(path, "write") }
        written += count
    }
}
