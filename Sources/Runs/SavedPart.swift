/// What one worker tells of a checkpoint, once its files are on disk.
package struct SavedPart: Equatable, Sendable {
    /// A file that it wrote.
    package struct File: Equatable, Sendable {
        /// Below the checkpoint's folder.
        package var name: String
        package var byteCount: Int
        /// SHA-256 in hexadecimal digits.
        package var hash: String

        package init(name: String, byteCount: Int, hash: String) {
            self.name = name
            self.byteCount = byteCount
            self.hash = hash
        }
    }

    /// Steps that were done.
    package var step: Int
    package var files: [File]
    /// What the ranks share and is no tensor, as JSON: the same bytes from every rank.
    package var state: [UInt8]
    /// Nanoseconds that training stood still: waiting for the checkpoint before, and copying.
    package var stalled: UInt64
    /// Nanoseconds from then on until all was on disk.
    package var took: UInt64

    package init(step: Int, files: [File], state: [UInt8], stalled: UInt64, took: UInt64) {
        self.step = step
        self.files = files
        self.state = state
        self.stalled = stalled
        self.took = took
    }

    init(_ bytes: inout ByteReader) throws(MessageError) {
        step = try bytes.count()
        stalled = try bytes.word()
        took = try bytes.word()
        state = try bytes.block()
        files = []
        while bytes.remaining > 0 {
            files.append(File(name: try bytes.text(), byteCount: try bytes.count(), hash: try bytes.text()))
        }
    }

    func encode(into bytes: inout ByteWriter) {
        bytes.put(step)
        bytes.put(stalled)
        bytes.put(took)
        bytes.put(block: state)
        for file in files {
            bytes.put(block: Array(file.name.utf8))
            bytes.put(file.byteCount)
            bytes.put(block: Array(file.hash.utf8))
        }
    }
}

/// What all workers do between two steps: the coordinator tells it to each of them, of every such place in turn.
package struct BoundaryWord: Equatable, Sendable {
    /// Steps that are done there.
    package var step: Int
    /// Where to write a checkpoint; nil: none is written.
    package var folder: String?
    /// Whether no step follows.
    package var ends: Bool
    /// Whether the run goes on elsewhere: no step follows here.
    package var moves: Bool

    package init(step: Int, folder: String? = nil, ends: Bool = false, moves: Bool = false) {
        self.step = step
        self.folder = folder
        self.ends = ends
        self.moves = moves
    }
}
